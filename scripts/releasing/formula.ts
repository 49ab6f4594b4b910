import type { Platform } from "../compile.ts";

export interface FormulaOptions {
  readonly version: string;
  readonly homepage: string;
  /** Where the archives lie, without a slash at its end. */
  readonly downloads: string;
  /** SHA-256 of each archive, in hex. */
  readonly sums: ReadonlyMap<Platform, string>;
}

/** The name of a platform's archive, without `.tar.gz`; its only folder is called so too. */
export function archiveName(version: string, platform: Platform): string {
  return `aigw-${version}-${platform}`;
}

/** Homebrew's recipe: the archive of each platform, with what belongs to it. */
export function writeFormula({ version, homepage, downloads, sums }: FormulaOptions): string {
  const source = (platform: Platform) => {
    const sum = sums.get(platform);
    if (sum === undefined) throw new Error(`no archive for ${platform}`);
    return `url "${downloads}/${archiveName(version, platform)}.tar.gz"\n      sha256 "${sum}"`;
  };
  return `class Aigw < Formula
  desc "AI gateway for one machine, config-compatible with Envoy AI Gateway"
  homepage "${homepage}"
  version "${version}"
  license "Apache-2.0"

  on_macos do
    on_arm do
      ${source("darwin-arm64")}
    end
    on_intel do
      ${source("darwin-x64")}
    end
  end

  on_linux do
    on_arm do
      ${source("linux-arm64")}
    end
    on_intel do
      ${source("linux-x64")}
    end
  end

  def install
    bin.install "aigw"
    man1.install "aigw.1"
    bash_completion.install "completions/aigw.bash" => "aigw"
    zsh_completion.install "completions/_aigw"
    fish_completion.install "completions/aigw.fish"
  end

  service do
    run [opt_bin/"aigw", "run"]
    keep_alive crashed: true
    environment_variables PATH: std_service_path_env
    log_path var/"log/aigw.log"
    error_log_path var/"log/aigw.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/aigw version")
    (testpath/"config.yaml").write "kind: Gateway"
    assert_match "config.yaml:1:", shell_output("#{bin}/aigw lint config.yaml 2>&1", 1)
  end
end
`;
}
