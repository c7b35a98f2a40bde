// Codes that came when whoever asked for them had gone on to something else: told wherever they are now, shown when asked for.
import { useCell } from "../../cell";
import { to } from "../../router";
import { texts } from "../../texts";
import { late, showLate } from "./held";

export function Late() {
  const say = texts().letter.late;
  return (
    <div role="status" class="no-print">
      {useCell(late).map((one) => (
        <div class="notice warn" key={one.code.code_label}>
          <p>{say.came(one.identity)}</p>
          <a class="button" href={to(["letter"])} onClick={() => showLate(one)}>{say.show(one.identity)}</a>
        </div>
      ))}
    </div>
  );
}
