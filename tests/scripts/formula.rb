# Does with a formula what Homebrew would: picks the archive of this machine, checks it, installs it below a prefix, tests it.
#
#   ruby formula.rb FORMULA ARCHIVES PREFIX
#
# Archives are taken from a folder, by the last part of their URL.
require "digest"
require "fileutils"
require "open3"
require "tmpdir"
require "pathname"

Place = Struct.new(:path) do
  def install(what)
    from, name = what.is_a?(Hash) ? what.first : [what, File.basename(what)]
    path.mkpath
    FileUtils.cp(from, path / name)
  end

  def /(other) = path / other
  def to_s = path.to_s
end

class Formula
  class << self
    attr_reader :found, :tests, :installer
    def desc(_) = nil
    def homepage(_) = nil
    def license(_) = nil
    def version(text) = (@version = text)
    def on_macos = (yield if RUBY_PLATFORM.include?("darwin"))
    def on_linux = (yield if RUBY_PLATFORM.include?("linux"))
    def on_arm = (yield if RUBY_PLATFORM =~ /arm|aarch64/)
    def on_intel = (yield if RUBY_PLATFORM.include?("x86_64"))
    def url(text) = (@found = { url: text })
    def sha256(text) = (@found[:sha256] = text)
    def service(&block) = (@service = block)
    def test(&block) = (@tests = block)
    def stated_version = @version
    def service_block = @service
  end

  attr_reader :testpath

  def initialize(prefix, testpath)
    @prefix = Pathname(prefix)
    @testpath = Pathname(testpath)
  end

  def version = self.class.stated_version
  def bin = Place.new(@prefix / "bin")
  def opt_bin = bin
  def var = @prefix / "var"
  def man1 = Place.new(@prefix / "share/man/man1")
  def bash_completion = Place.new(@prefix / "etc/bash_completion.d")
  def zsh_completion = Place.new(@prefix / "share/zsh/site-functions")
  def fish_completion = Place.new(@prefix / "share/fish/vendor_completions.d")
  def std_service_path_env = ENV["PATH"]

  # The directives of a service block, remembered.
  def method_missing(name, *arguments, **pairs)
    (@service_said ||= {})[name] = arguments.first || pairs
  end

  def respond_to_missing?(*) = true

  def shell_output(command, wanted = 0)
    out, status = Open3.capture2(command)
    raise "#{command} ended with #{status.exitstatus}" unless status.exitstatus == wanted
    out
  end

  def assert_match(wanted, text)
    raise "#{wanted.inspect} is not in #{text.inspect}" unless wanted.is_a?(String) ? text.include?(wanted) : text =~ wanted
  end
end

formula_path, archives, prefix = ARGV
load File.expand_path(formula_path)
archive = File.join(archives, File.basename(Aigw.found[:url]))
raise "checksum" unless Digest::SHA256.file(archive).hexdigest == Aigw.found[:sha256]
Dir.mktmpdir do |work|
  system("tar", "xzf", archive, "-C", work, exception: true)
  formula = Aigw.new(prefix, work)
  Dir.chdir(Dir.glob("#{work}/aigw-*").first) { formula.install }
  formula.instance_eval(&Aigw.service_block)
  Dir.chdir(work) { formula.instance_eval(&Aigw.tests) }
end
puts "installed"
