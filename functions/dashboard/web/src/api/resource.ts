// What was read stays, so that a view that was seen before is there at once, and is read again behind it.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { session } from "../session/session";
import { type ApiProblem, problemFrom } from "./client";

const kept = new Map<string, unknown>();

export interface Resource<T> {
  data: T | undefined;
  problem: ApiProblem | undefined;
  reading: boolean;
  /** Read again. */
  again: () => Promise<void>;
  /** What is known better now than by reading: a further page, an answer of an act. */
  know: (data: T) => void;
}

/** `join` puts what is read anew before what was known: a list of which further pages were read keeps them. */
export function useResource<T>(key: string, read: () => Promise<T>, join?: (fresh: T, known: T) => T): Resource<T> {
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState<{ key: string; problem: ApiProblem }>();
  const [reading, setReading] = useState(true);
  const current = useRef(key);
  current.current = key;
  const reader = useRef(read);
  reader.current = read;

  const again = useCallback(async () => {
    setReading(true);
    try {
      const fresh = await reader.current();
      kept.set(key, join && kept.has(key) ? join(fresh, kept.get(key) as T) : fresh);
      if (current.current === key) setProblem(undefined);
    } catch (error) {
      if (current.current === key) setProblem({ key, problem: problemFrom(error) });
    } finally {
      if (current.current === key) setReading(false);
      redraw((times) => times + 1);
    }
  }, [key]);

  useEffect(() => void again(), [again]);

  const know = useCallback(
    (data: T) => {
      kept.set(key, data);
      redraw((times) => times + 1);
    },
    [key],
  );

  return {
    data: kept.get(key) as T | undefined,
    problem: problem?.key === key ? problem.problem : undefined,
    reading,
    again,
    know,
  };
}

// whoever signs out leaves nothing behind in a tab that stays open
session.watch(({ state }) => {
  if (state === "out") kept.clear();
});

/** Forget what an act has made old. */
export function forget(start: string): void {
  for (const key of [...kept.keys()]) if (key.startsWith(start)) kept.delete(key);
}
