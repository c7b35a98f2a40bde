// The one code that is being shown: in memory only, from its answer until the view is left. Never in an address or storage.
import type { Code } from "../../api/types";
import { Cell } from "../../cell";

export interface Held {
  identity: string;
  code: Code;
}

export const held = new Cell<Held | undefined>(undefined);

export function showLetter(identity: string, code: Code): void {
  held.set({ identity, code });
}
