// One act that waits: what it does, to whom, who asked and why; and to decide on it, or to carry it out.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, ask, problemFrom, send } from "../../api/client";
import { forget, useResource } from "../../api/resource";
import { useWhileSeen } from "../../api/seen";
import type { Approval, Code, PolicyTried, WholePolicy } from "../../api/types";
import { Badge, Button, Dialog, Foreign, Trouble, Waiting, say as announce } from "../../design/parts";
import { go, to, useHere } from "../../router";
import type { Person } from "../../session/session";
import { distance, texts, time } from "../../texts";
import { keepLate, showLetter } from "../letter/held";
import { Difference, type Name, readPolicy, same } from "../policy/difference";
import { type Sentence, actsOn, nameOf, unpairing } from "../user/acts";
import { Effects } from "../policy/effects";
import { type End, end, readApprovals } from "./waiting";

interface CardProps {
  approval: Approval;
  /** How it ended, where it has. */
  how: End | undefined;
  person: Person;
  /** What has just been read of all of them. */
  know: (read: Approval[]) => void;
}

export function Card(props: CardProps) {
  if (props.approval.act === "policy") return <PolicyCard {...props} />;
  return <UserCard {...props} />;
}

const POLICY_SECONDS = 15;

/** A change of policy means something over the one version that it was asked over, and can be carried out over no other. */
function PolicyCard(props: CardProps) {
  const { approval, person } = props;
  const wanted = approval.request.body as WholePolicy;
  const say = texts();
  const found = useResource("policy", readPolicy);
  const [read, setRead] = useState(false);
  const [effect, setEffect] = useState<{ version: number; is: PolicyTried }>();
  const [trying, setTrying] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  useWhileSeen(found.again, POLICY_SECONDS);
  useEffect(() => {
    // what was kept from before is shown, but decided on is only what was read now
    if (!found.reading && !found.problem) setRead(true);
  }, [found.reading, found.problem]);
  const now = found.data;
  useEffect(() => {
    // forgotten, since another change was carried out
    if (!now && !found.reading && !found.problem) void found.again();
  });
  const fresh = read && now !== undefined && found.problem === undefined;
  const stale = fresh && approval.version !== null && approval.version !== now.version;

  const tryIt = async () => {
    if (trying || !now) return;
    setTrying(true);
    setProblem(undefined);
    try {
      const { data } = await ask("PUT /policy", { query: { dry_run: "true" }, body: wanted, ifMatch: now.etag });
      if ("locked_out" in data) setEffect({ version: now.version, is: data });
    } catch (error) {
      const is = problemFrom(error);
      if (is.code === "stale") await found.again();
      else setProblem(is);
    } finally {
      setTrying(false);
    }
  };

  const what = () => {
    if (found.problem) return <Trouble problem={found.problem} again={() => void found.again()} />;
    if (!now || !read) return <Waiting />;
    if (stale) {
      return (
        <div class="notice warn">
          <p>{say.approvals.stale(approval.version ?? 0, now.version)}</p>
          {approval.asked_by === person.sub
            ? <p>{say.approvals.staleMine} <a href={to(["policy"])}>{say.approvals.toPolicy}</a></p>
            : <p>{say.approvals.staleOthers}</p>}
        </div>
      );
    }
    // by what is asked for, not by what this screen knows: a field of a later release must not be approved unseen
    const changed = (Object.keys(wanted) as Name[]).filter((name) => !same(wanted[name], now.fields[name]));
    return (
      <>
        {changed.length === 0 ? <p>{say.approvals.nothingChanges}</p> : <Difference names={changed} left={now.fields} right={wanted} />}
        <p class="quiet small">{say.approvals.against(now.version)}</p>
        <div class="buttons">
          <Button off={trying} onPress={() => void tryIt()}>{say.policy.effect}</Button>
        </div>
        <div role="status">{effect?.version === now.version && <Effects effect={effect.is} wanted={wanted} />}</div>
        {problem && <Trouble problem={problem} />}
      </>
    );
  };
  return <Shown {...props} what={what} ready={fresh && !stale} stale={stale} checking={found.reading} recheck={found.again} />;
}

/** What is said of an act on a user is said by how the user stands: which device, told at which address, whether mail arrives. */
function UserCard(props: CardProps) {
  const { act, identity, request } = props.approval;
  const device = /\/devices\/([^/]+)\//.exec(request.path)?.[1];
  const say = texts();
  const path = { identity: identity ?? "" };
  const found = useResource(`user ${identity}`, async () => (await ask("GET /identities/{identity}", { path })).data);
  const user = found.data;
  useEffect(() => {
    // forgotten, since something was done to the user
    if (!user && !found.reading && !found.problem) void found.again();
  });
  const paired = user?.devices.find(({ id }) => id === device);
  const fits = user && (paired ? unpairing(user, paired) : actsOn(user).find(({ key }) => key === KEYS[act]));
  const what = () => {
    if (found.problem) return <Trouble problem={found.problem} again={() => void found.again()} />;
    if (!user) return <Waiting />;
    if (act !== "last_unpairing") return null;
    if (!paired) return <p class="notice warn">{say.approvals.deviceGone(device ?? "")}</p>;
    return (
      <Facts>
        <dt>{say.approvals.device}</dt>
        <dd><strong><Foreign>{nameOf(paired, user.devices)}</Foreign></strong></dd>
      </Facts>
    );
  };
  return <Shown {...props} what={what} says={fits?.texts(say).says} ready={user !== undefined} />;
}

/** The acts of a user's page, by what they are called here. */
const KEYS: Partial<Record<Approval["act"], string>> = { send: "send", reveal: "reveal", issue: "issue", unbarring: "allow" };

function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts"><div>{children}</div></dl>;
}

interface ShownProps extends CardProps {
  /** What is special to this kind of act: drawn in the card, and once more where it is confirmed. */
  what: () => ComponentChildren;
  /** What it does, where that is known better than by its kind. */
  says?: Sentence[] | undefined;
  /** Whether what has to be seen before it is decided on is there, and as it is now. */
  ready: boolean;
  /** Whether it can no longer be carried out, so that nothing is left but to deny it. */
  stale?: boolean;
  checking?: boolean;
  recheck?: () => Promise<void>;
}

type Step = "approve" | "deny" | "carryOut";

/** Where a card's heading is found, to go on at. */
export function headingOf(approval: string): string {
  return `approval ${approval}`;
}

function Shown({ approval, how, person, know, what, says, ready, stale = false, checking = false, recheck }: ShownProps) {
  const say = texts().approvals;
  const [asking, setAsking] = useState<Step>();
  const [acting, setActing] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const [note, setNote] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const acted = useRef(false);
  const opener = useRef<Element | null>(null);
  const consequences = useId();
  const denies = asking === "deny";
  const isHere = useHere();
  const mine = approval.asked_by === person.sub;
  const given = approval.approved_by !== null;

  useLayoutEffect(() => {
    // what was pressed is gone: go on at the card, not at the very beginning of the page
    if (acted.current && !asking && !opener.current?.isConnected && document.activeElement === document.body) heading.current?.focus();
  }, [how, given, stale, asking]);

  /** How it stands now: nothing where that cannot be read. */
  const reread = async (): Promise<Approval | "gone" | undefined> => {
    try {
      const all = await readApprovals();
      know(all);
      return all.find(({ id }) => id === approval.id) ?? "gone";
    } catch {
      return undefined;
    }
  };
  const over = (as: End) => {
    setAsking(undefined);
    end(approval, as);
  };
  const attempt = async (act: () => Promise<void>, failed: (is: ApiProblem) => Promise<boolean>) => {
    if (acting) return;
    acted.current = true;
    setActing(true);
    setProblem(undefined);
    setNote("");
    try {
      await act();
    } catch (error) {
      const is = problemFrom(error);
      if (!isHere()) tellAway(is);
      if (!(await failed(is))) setProblem(is);
    } finally {
      setActing(false);
    }
  };
  const tellAway = ({ mayHaveHappened, detail }: ApiProblem) => {
    const { awayFailed, awayLost } = texts().acts;
    const what = say.act[approval.act];
    if (approval.identity === null) announce(`${what}: ${detail}`);
    else announce(mayHaveHappened ? awayLost(what, approval.identity) : awayFailed(what, approval.identity, detail));
  };
  const decide = (approve: boolean) =>
    attempt(
      async () => {
        await ask("POST /approvals/{approval}", { path: { approval: approval.id }, body: { approve } });
        announce(approve ? say.approvedByYou : say.denied);
        if (!approve) over("denied");
        setAsking(undefined);
        await reread();
      },
      async (is) => {
        if (is.code !== "not_found" && !unanswered(is)) return false;
        const now = await reread();
        if (now === "gone") {
          over(is.code === "not_found" ? "decided" : "gone");
          return true;
        }
        if (now?.approved_by === person.sub) {
          setAsking(undefined);
          announce(say.approvedByYou);
          return true;
        }
        if (is.code !== "not_found" || !now) return false;
        setAsking(undefined);
        setNote(say.ended.decided);
        return true;
      },
    );
  const carryOut = () =>
    attempt(
      async () => {
        const data = await doAgain(approval);
        forget("user");
        forget("policy");
        over("done");
        if (approval.identity && isCode(data)) {
          if (!isHere()) return keepLate(approval.identity, data);
          showLetter(approval.identity, data);
          go(to(["letter"]));
        } else {
          announce(say.done);
          await reread();
        }
      },
      async (is) => {
        if (is.code === "stale") {
          setAsking(undefined);
          setNote(is.detail);
          await recheck?.();
          return true;
        }
        if (is.code !== "not_allowed" && !unanswered(is)) return false;
        forget("user");
        const now = await reread();
        if (now === "gone") {
          over(is.code === "not_allowed" ? "used" : "lost");
          return true;
        }
        if (now && unanswered(is)) setNote(say.stillWaits);
        return false;
      },
    );
  const close = () => {
    if (!acting) setAsking(undefined);
  };
  const begin = (step: Step) => {
    acted.current = true;
    opener.current = document.activeElement === document.body ? null : document.activeElement;
    setProblem(undefined);
    setNote("");
    setAsking(step);
    void recheck?.();
  };

  return (
    <>
      <article class="card">
        <div class="head">
          <h3 ref={heading} id={headingOf(approval.id)} tabIndex={-1}>
            {say.act[approval.act]}
            {approval.identity && <> <a href={to(["user", approval.identity])}>{say.forIdentity(approval.identity)}</a></>}
          </h3>
          {how === undefined && (
            <span class="end">
              {stale
                ? <Badge tone="bad">{say.outdated}</Badge>
                : given
                  ? <Badge tone="good">{say.approved(approval.approved_by_name ?? "")}</Badge>
                  : <Badge tone="warn">{mine ? say.waiting : say.waitingForYou}</Badge>}
            </span>
          )}
        </div>
        {approval.reason && <blockquote class="reason">{approval.reason}</blockquote>}
        <p class="quiet small">
          <AskedBy approval={approval} />
          {how === undefined && (
            <>
              {" · "}
              <time dateTime={approval.expires_at} title={time(approval.expires_at)}>{say.expires(distance(approval.expires_at))}</time>
            </>
          )}
        </p>
        {how !== undefined && <Over approval={approval} how={how} />}
        {how === undefined && !stale && <Says approval={approval} says={says} mine={mine} />}
        {how === undefined && what()}
        <details>
          <summary>{say.exactly}</summary>
          <pre class="exactly" tabIndex={0}>{`${approval.request.method} ${approval.request.path}\n${JSON.stringify(approval.request.body, null, 2)}`}</pre>
        </details>
        {!asking && problem && <Trouble problem={problem} />}
        {!asking && note && <p class="notice warn" role="alert">{note}</p>}
        {how === undefined && !mine && !given && (
          <div class="buttons">
            {!stale && <Button main off={acting || !ready} onPress={() => begin("approve")}>{say.approve}</Button>}
            <Button danger off={acting} onPress={() => begin("deny")}>{say.deny}</Button>
          </div>
        )}
        {how === undefined && mine && given && !stale && (
          <div class="buttons">
            <Button main off={acting || !ready} onPress={() => begin("carryOut")}>{say.carryOut}</Button>
          </div>
        )}
      </article>
      {asking && how === undefined && (
        <Dialog
          title={say.confirm[asking](say.act[approval.act], approval.identity)}
          describedBy={denies || !stale ? consequences : undefined}
          busy={acting}
          onClose={close}
        >
          {approval.reason && <blockquote class="reason">{approval.reason}</blockquote>}
          {!mine && <p class="quiet small"><AskedBy approval={approval} /></p>}
          {!stale && !denies && <Says approval={approval} says={says} mine={mine} />}
          {what()}
          {(denies || !stale) && <p id={consequences}>{say.confirm[`${asking}Then`]}</p>}
          {problem && <Trouble problem={problem} />}
          {note && <p class="notice warn" role="alert">{note}</p>}
          <div class="buttons end">
            <Button off={acting} onPress={close}>{texts().common.close}</Button>
            {denies && <Button main danger off={acting} onPress={() => void decide(false)}>{say.deny}</Button>}
            {!denies && !stale && (
              <Button main off={acting || checking || !ready} onPress={() => void (asking === "approve" ? decide(true) : carryOut())}>
                {say[asking]}
              </Button>
            )}
          </div>
        </Dialog>
      )}
    </>
  );
}

function AskedBy({ approval: { asked_at: at, asked_by_name: name } }: { approval: Approval }) {
  return <><time dateTime={at} title={time(at)}>{texts().approvals.askedBy(distance(at))}</time>{" "}<Foreign>{name}</Foreign></>;
}

/** What it does, in the sentences that whoever asked has read. */
function Says({ approval, says, mine }: { approval: Approval; says: Sentence[] | undefined; mine: boolean }) {
  const { acts, approvals } = texts();
  const usual: Record<Approval["act"], string[]> = {
    policy: [approvals.policySays],
    send: acts.send.says,
    reveal: acts.reveal.says,
    issue: acts.issue.says,
    unbarring: acts.allow.says,
    last_unpairing: acts.unpair.says,
  };
  const sentences: Sentence[] = says ?? usual[approval.act].map((text) => ({ text }));
  const { hours } = approval.request.body as { hours?: number };
  return (
    <>
      <ul class="says">
        {sentences.map(({ text, warns }) => <li key={text} class={warns ? "warns" : undefined}>{text}</li>)}
        {approval.act === "issue" && hours !== undefined && <li>{approvals.goodFor(hours)}</li>}
      </ul>
      {!mine && approval.identity && <p class="quiet small">{approvals.toAsker(approval.asked_by_name)}</p>}
    </>
  );
}

function Over({ approval: { act, identity }, how }: { approval: Approval; how: End }) {
  const say = texts().approvals;
  const look = how === "used" || how === "lost";
  return (
    <div class={`notice ${how === "done" ? "good" : "warn"}`} role="status">
      <p>{say.ended[how]}</p>
      {look && (identity
        ? <a href={to(["user", identity])}>{say.lookAtUser}</a>
        : <a href={to(["log"], { type: "policy.changed" })}>{say.lookAtLog}</a>)}
      {how === "lost" && (act === "reveal" || act === "issue") && <p>{say.codeLost} {act === "issue" && texts().acts.issue.again}</p>}
    </div>
  );
}

/** Whether the server may have done it all the same. */
function unanswered({ status }: ApiProblem): boolean {
  return status === 0 || status >= 500;
}

/** Send the very request again that was approved. A change of policy was bound to a version, too. */
async function doAgain({ id, act, request, version }: Approval): Promise<unknown> {
  let ifMatch: string | undefined;
  if (act === "policy") {
    const now = await readPolicy();
    if (version !== null && version !== now.version) throw new ApiProblem("stale", texts().approvals.stale(version, now.version), 412);
    ifMatch = now.etag;
  }
  const { method, path, body, query } = request;
  return (await send(method, path.replace(/^\/v1\/admin/, ""), { body, query, approval: id, ifMatch })).data;
}

function isCode(data: unknown): data is Code {
  return typeof data === "object" && data !== null && "restore_code" in data;
}
