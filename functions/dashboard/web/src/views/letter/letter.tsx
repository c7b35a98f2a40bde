// A code on a sheet of paper, for whoever lost theirs: made to be printed on A4 or Letter, in the language of the screen.
import { useEffect } from "preact/hooks";
import { useCell } from "../../cell";
import { Empty, Title } from "../../design/parts";
import { to } from "../../router";
import { serverName } from "../../session/session";
import { texts, time } from "../../texts";
import { type Held, held } from "./held";

export function Letter() {
  const shown = useCell(held);
  const say = texts().letter;
  useEffect(() => () => held.set(undefined), []); // who leaves has seen it
  if (!shown) {
    return (
      <>
        <Title>{say.title}</Title>
        <div class="card"><Empty {...say.gone} /></div>
      </>
    );
  }
  return (
    <>
      <div class="no-print stack">
        <Title
          end={
            <>
              <a class="button" href={to(["user", shown.identity])}>{say.toUser}</a>
              <button type="button" class="button main" onClick={() => print()}>{say.print}</button>
            </>
          }
        >
          {say.forWhom(shown.identity)}
        </Title>
        <p class="notice warn">{say.screenHint}</p>
      </div>
      <Sheet {...shown} />
    </>
  );
}

function Sheet({ identity, code }: Held) {
  const say = texts().letter;
  const drawing = drawingOf(code.qr.svg);
  const [server = ""] = code.qr.uri.split("/restore#");
  return (
    <article class="sheet" aria-label={say.title}>
      <header>
        <p class="sheet-server">{serverName.value}</p>
        <h2>{say.title}</h2>
      </header>
      <div class="sheet-top">
        <dl>
          <dt>{say.identity}</dt>
          <dd>{identity}</dd>
          <dt>{say.label}</dt>
          <dd class="mono">{code.code_label}</dd>
          <dt>{say.until}</dt>
          <dd>{"expires_at" in code ? say.onceUntil(time(code.expires_at)) : say.ownValid}</dd>
          <dt>{say.server}</dt>
          <dd class="mono">{server}</dd>
        </dl>
        {drawing && (
          <svg class="sheet-qr" role="img" aria-label={say.qr} viewBox={drawing.box}>
            <path d={drawing.path} />
          </svg>
        )}
      </div>
      <p class="sheet-code">{code.restore_code.split("-").map((group) => <span key={group}>{group}</span>)}</p>
      <h3>{say.todo}</h3>
      <ol>{say.steps.map((step) => <li key={step}>{step}</li>)}</ol>
      <p class="sheet-secret">{say.secret}</p>
    </article>
  );
}

/** The modules of a QR code from the server's SVG: its numbers are taken, its markup is not. */
function drawingOf(svg: string): { box: string; path: string } | undefined {
  const box = /\sviewBox="([\d .-]+)"/.exec(svg)?.[1];
  const paths = [...svg.matchAll(/\sd="([MmHhVvLlZz\d\s,.-]+)"/g)].map(([, path]) => path);
  return box && paths.length > 0 ? { box, path: paths.join("") } : undefined;
}
