// What waits for a second person: others decide on it, and whoever asked carries it out, once it is approved.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useResource } from "../../api/resource";
import { useWhileSeen } from "../../api/seen";
import type { Approval } from "../../api/types";
import { useCell } from "../../cell";
import { Empty, Foreign, Title, Trouble, Waiting } from "../../design/parts";
import type { Person } from "../../session/session";
import { texts } from "../../texts";
import { Card, headingOf } from "./card";
import { type Ended, ended, forgetEnded, readApprovals, unlisted } from "./waiting";

/** Somebody else decides elsewhere: nobody has to load the page again to see it. */
const SECONDS = 15;
/** So many of one person are shown before the others of theirs are asked for: whoever asks often pushes nobody down. */
const AT_ONCE = 10;

type Listed = Omit<Ended, "how"> & Partial<Ended>;

export function Approvals({ person }: { person: Person }) {
  const say = texts().approvals;
  const found = useResource("approvals", readApprovals);
  const over = useCell(ended);
  const further = useCell(unlisted);
  useWhileSeen(found.again, SECONDS);
  useEffect(() => forgetEnded, []);
  const open: Listed[] = (found.data ?? []).filter(({ id }) => !over.has(id)).map((approval) => ({ approval }));
  // what has ended stays where it was: a card that somebody reads does not vanish under their eyes
  const all = [...open, ...over.values()].sort((left, right) => (left.approval.id < right.approval.id ? 1 : -1));
  const group = (title: string, mine: boolean) => {
    const listed = all.filter(({ approval }) => (approval.asked_by === person.sub) === mine);
    return listed.length > 0 && <Group title={title} listed={listed} person={person} know={found.know} />;
  };
  return (
    <>
      <Title>{say.title}</Title>
      <p class="quiet">{say.intro}</p>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!found.data && !found.problem && <Waiting />}
      {found.data && all.length === 0 && <div class="card"><Empty {...say.nothing} /></div>}
      {further > 0 && <p class="notice warn" role="status">{say.unlisted(further)}</p>}
      {group(say.others, false)}
      {group(say.mine, true)}
    </>
  );
}

interface GroupProps {
  title: string;
  listed: Listed[];
  person: Person;
  know: (read: Approval[]) => void;
}

function Group({ title, listed, person, know }: GroupProps) {
  const [whole, setWhole] = useState<ReadonlySet<string>>(new Set());
  const seen = useRef(new Set<string>());
  const first = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    // the button that was pressed is gone: go on at what it has brought
    if (first.current) document.getElementById(headingOf(first.current))?.focus();
    first.current = undefined;
  }, [whole]);
  const turns = new Map<string, number>();
  const folded = new Map<string, Listed["approval"][]>();
  const shown = listed.filter(({ approval }) => {
    const { id, asked_by: by } = approval;
    const turn = (turns.get(by) ?? 0) + 1;
    turns.set(by, turn);
    // what was shown once stays: a newer one takes no place from a card that somebody reads
    if (turn <= AT_ONCE || whole.has(by) || seen.current.has(id)) return seen.current.add(id);
    folded.set(by, [...(folded.get(by) ?? []), approval]);
    return false;
  });
  const unfold = (by: string, [newest]: Listed["approval"][]) => {
    first.current = newest?.id;
    setWhole(new Set([...whole, by]));
  };
  return (
    <section class="stack" aria-label={title}>
      <h2>{title}</h2>
      {shown.map(({ approval, how }) => <Card key={approval.id} approval={approval} how={how} person={person} know={know} />)}
      {[...folded].map(([by, older]) => (
        <button key={by} type="button" class="button wide" onClick={() => unfold(by, older)}>
          <span>{texts().approvals.older(older.length)} <Foreign>{older[0]?.asked_by_name}</Foreign></span>
        </button>
      ))}
    </section>
  );
}
