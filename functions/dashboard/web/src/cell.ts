// A value that views watch. All the state that outlives a view is in cells; nothing else is needed of a state library.
import { useEffect, useState } from "preact/hooks";

export class Cell<T> {
  #value: T;
  readonly #watchers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const watcher of [...this.#watchers]) watcher(value);
  }

  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** The cell's value, as of now and of whenever it changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [, setSeen] = useState(cell.value);
  useEffect(() => {
    setSeen(() => cell.value);
    return cell.watch((value) => setSeen(() => value));
  }, [cell]);
  return cell.value;
}
