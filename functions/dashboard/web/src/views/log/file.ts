// The log as a file for spreadsheets: whole, however many pages the server gives it in.
import { send } from "../../api/client";
import { SERVER } from "../../session/config";
import type { Query } from "./filters";

/** Every page of the file, each but the first without its heading. */
export async function everyRow(asked: Query, tell: (rows: number) => void): Promise<{ text: string; rows: number }> {
  let text = "";
  let rows = 0;
  let query: Record<string, string> = { ...asked };
  for (;;) {
    tell(rows);
    const page = await send("GET", "/events", { query, accept: "text/csv" });
    const lines = String(page.data);
    text += lines.slice(text === "" ? 0 : lines.indexOf("\n") + 1);
    rows = text.split("\n").length - 2;
    if (!page.next?.startsWith(SERVER)) return { text, rows };
    query = Object.fromEntries(new URL(page.next).searchParams);
  }
}

/** A spreadsheet takes a file for UTF-8 by the mark at its beginning; the API's answer has none. */
const MARK = "\uFEFF";

export function download(text: string): void {
  const url = URL.createObjectURL(new Blob([MARK, text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `audit-log-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
