/** An implementation under test. */
export interface OpenedPort<Port> {
  readonly store: Port;
  /** The same data seen by another instance, or by the next process of an embedded store. */
  reopen(): Promise<Port>;
  /** Ends what was opened last and removes the data. */
  close(): Promise<void>;
}
