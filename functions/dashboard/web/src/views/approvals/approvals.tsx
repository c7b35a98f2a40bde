// What waits for a second person: others decide on it, and whoever asked carries it out, once it is approved.
import { useEffect } from "preact/hooks";
import { useResource } from "../../api/resource";
import { useWhileSeen } from "../../api/seen";
import type { Approval } from "../../api/types";
import { useCell } from "../../cell";
import { Empty, Title, Trouble, Waiting } from "../../design/parts";
import type { Person } from "../../session/session";
import { texts } from "../../texts";
import { Card } from "./card";
import { type Ended, ended, forgetEnded, readApprovals } from "./waiting";

/** Somebody else decides elsewhere: nobody has to load the page again to see it. */
const SECONDS = 15;

type Listed = Omit<Ended, "how"> & Partial<Ended>;

export function Approvals({ person }: { person: Person }) {
  const say = texts().approvals;
  const found = useResource("approvals", readApprovals);
  const over = useCell(ended);
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
      {group(say.others, false)}
      {group(say.mine, true)}
    </>
  );
}

function Group({ title, listed, person, know }: { title: string; listed: Listed[]; person: Person; know: (read: Approval[]) => void }) {
  return (
    <section class="stack" aria-label={title}>
      <h2>{title}</h2>
      {listed.map(({ approval, how }) => <Card key={approval.id} approval={approval} how={how} person={person} know={know} />)}
    </section>
  );
}
