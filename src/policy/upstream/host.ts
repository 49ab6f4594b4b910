/** One endpoint, as what is known of it at run time. */
export class Host<E> {
  readonly endpoint: E;
  /** Identity for hashes: the same endpoint gets the same requests after a reload. */
  readonly name: string;
  /** Requests under way. */
  active = 0;
  /** What health checks say. */
  isFailing = false;
  /** Put aside by the outlier detection. */
  isEjected = false;

  constructor(endpoint: E, name: string) {
    this.endpoint = endpoint;
    this.name = name;
  }

  get isHealthy(): boolean {
    return !(this.isFailing || this.isEjected);
  }
}
