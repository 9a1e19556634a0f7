/** Tells whoever wants to know that something has changed. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  /** Calls back at every change; returns the way to stop it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(): void {
    // A listener that takes itself off while it is called does no harm to a Set.
    for (const listener of this.#listeners) listener();
  }

  /** Settles once `wanted()` is true, looking again at every change. @throws the signal's reason */
  until(wanted: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (wanted()) return resolve();
      const end = (settle: () => void) => {
        stop();
        signal.removeEventListener('abort', abort);
        settle();
      };
      const abort = () => end(() => reject(signal.reason as Error));
      const stop = this.onChange(() => wanted() && end(resolve));
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
