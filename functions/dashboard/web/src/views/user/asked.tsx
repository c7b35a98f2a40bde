// What somebody has asked for on this user and a second person has yet to approve: whoever asked carries it out here. Who
// has decided stands among what administrators did about the user, which every role may read.
import { useEffect } from "preact/hooks";
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import type { AuditedEvent } from "../../api/types";
import { useCell } from "../../cell";
import { Badge, Trouble } from "../../design/parts";
import { type Asked, asked, forgetAsked } from "../../session/asked";
import { ago, texts } from "../../texts";
import { type Where, useActing } from "./acting";
import type { Act } from "./acts";

/** So often it is looked whether somebody has decided. */
const PAUSE = 15_000;

interface Props {
  acts: Act[];
  where: Where;
  onDone: () => void;
}

export function AskedByMe({ acts, where, onDone }: Props) {
  const all = useCell(asked).filter(({ identity, key }) => identity === where.identity && acts.some((act) => act.key === key));
  return all.length > 0 ? <Waiting all={all} acts={acts} where={where} onDone={onDone} /> : null;
}

function Waiting({ all, acts, where, onDone }: Props & { all: Asked[] }) {
  const say = texts().acts.asked;
  const found = useResource(`about ${where.identity}`, async () => {
    const { data } = await ask("GET /events", { query: { about: where.identity } });
    return typeof data === "string" ? [] : data.events;
  });
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") void found.again();
    };
    const often = setInterval(look, PAUSE);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(often);
      document.removeEventListener("visibilitychange", look);
    };
  }, [found.again]);
  return (
    <section class="card" aria-labelledby="asked">
      <h2 id="asked">{say.title}</h2>
      <ul class="rows">
        {all.map((one) => {
          const act = acts.find(({ key }) => key === one.key);
          return act && <One key={one.id} one={one} act={act} decided={decisionOn(one, found.data ?? [])} where={where} onDone={onDone} />;
        })}
      </ul>
    </section>
  );
}

function decisionOn({ id }: Asked, events: AuditedEvent[]): AuditedEvent | undefined {
  return events.find(({ type, detail }) => (type === "approval.given" || type === "approval.denied") && detail?.["approval"] === id);
}

interface OneProps {
  one: Asked;
  act: Act;
  decided: AuditedEvent | undefined;
  where: Where;
  onDone: () => void;
}

function One({ one, act, decided, where, onDone }: OneProps) {
  const say = texts();
  const { acting, problem, perform } = useActing(where);
  const words = act.texts(say);
  const name = String(decided?.detail?.["name"] ?? "");
  const given = decided?.type === "approval.given";
  const carryOut = async () => {
    if ((await perform(act, { reason: one.reason, hours: one.hours })) === "done") onDone();
  };
  return (
    <li>
      <div>
        <h3>{words.what}</h3>
        <p class="quiet small">{one.reason} · {say.acts.asked.until(ago(one.until))}</p>
        {decided
          ? <Badge tone={given ? "good" : "bad"}>{given ? say.acts.asked.approved(name) : say.acts.asked.denied(name)}</Badge>
          : <Badge tone="warn">{say.acts.asked.waiting}</Badge>}
        {problem && <Trouble problem={problem} />}
      </div>
      {given && (
        <button type="button" class="button main" aria-disabled={acting} onClick={() => void carryOut()}>
          {acting ? say.acts.underWay : say.acts.asked.carryOut}<span class="hidden">: {words.what}</span>
        </button>
      )}
      {decided && !given && (
        <button type="button" class="button" onClick={() => forgetAsked(one.id)}>
          {say.acts.asked.forget}<span class="hidden">: {words.what}</span>
        </button>
      )}
    </li>
  );
}
