// One user: how things stand, on which devices, what is under way, what happened, and what can be done.
import { useRef, useState } from "preact/hooks";
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import type { IdentityOverview } from "../../api/types";
import { Badge, Foreign, Status, Title, Trouble, Waiting, When } from "../../design/parts";
import { to, useHere } from "../../router";
import { dropDraft } from "../../session/drafts";
import { may } from "../../session/roles";
import { type Person, isBackHere } from "../../session/session";
import { ago, number, texts, time } from "../../texts";
import { lastList } from "../users/last";
import { ActDialog, begun, draftOf } from "./act-dialog";
import type { Where } from "./acting";
import { type Act, actsOn, cancelling, nameOf, unpairing } from "./acts";
import { AskedByMe } from "./asked";
import { hindrancesOf } from "./hindrances";
import { Latest } from "./latest";

/** A user name, as the contract has it: nothing else is asked for, nor written on the screen. */
const NAME = /^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$/;

export function User({ person, parts }: { person: Person; parts: string[] }) {
  const identity = (parts[0] ?? "").toLowerCase();
  return NAME.test(identity) && parts.length === 1 ? <Known person={person} identity={identity} /> : <Unknown />;
}

function Unknown() {
  const say = texts().user;
  return (
    <>
      <Title>{say.unknown.title}</Title>
      <div class="card">
        <p>{say.unknown.text}</p>
        <div class="buttons"><a class="button" href={to(["users"])}>{say.back}</a></div>
      </div>
    </>
  );
}

function Known({ person, identity }: { person: Person; identity: string }) {
  const say = texts();
  const found = useResource(`user ${identity}`, async () => (await ask("GET /identities/{identity}", { path: { identity } })).data);
  // a dialog opens by itself only where a sign-in has just brought somebody back to it
  const [opened, setOpened] = useState<string | undefined>(() => (isBackHere() ? begun(identity) : undefined));
  const [, redraw] = useState(0);
  const isHere = useHere();

  const user = found.data;
  const erased = found.problem?.code === "not_found";
  const acts = user ? actsOn(user).filter((act) => may(person.role, act.role)) : [];
  const helps = may(person.role, "helpdesk");
  const all: Act[] = user
    ? [
        ...acts,
        ...(helps ? user.devices.map((one) => unpairing(user, one)) : []),
        ...(helps ? user.restorations.map((one) => cancelling(user, one)) : []),
      ]
    : [];
  // an open dialog stays as it is, even if what it was about has changed or gone meanwhile
  const dialog = useRef<Act | undefined>(undefined);
  if (dialog.current?.key !== opened) dialog.current = all.find(({ key }) => key === opened);
  const left = opened === undefined ? all.find(({ key }) => key === begun(identity)) : undefined;
  const where: Where = {
    identity,
    isHere,
    reread: found.again,
  };
  const done = () => void found.again().then(keepFocus);
  const discard = () => {
    dropDraft(draftOf(identity));
    redraw((times) => times + 1);
    keepFocus();
  };

  return (
    <>
      {erased && <Unknown />}
      {!erased && (
        <>
          <nav class="small"><a href={lastList.value}>← {say.user.back}</a></nav>
          <Title end={user && <Standings user={user} />}>{identity}</Title>
          {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
          {!user && !found.problem && <Waiting />}
        </>
      )}
      {left && !erased && (
        <div class="notice">
          <p>{say.user.begunAct(left.texts(say).what)}</p>
          <div class="buttons">
            <button type="button" class="button" onClick={() => setOpened(left.key)}>{say.user.goOn}</button>
            <button type="button" class="button" onClick={discard}>{say.user.discard}</button>
          </div>
        </div>
      )}
      {user && !erased && (
        <>
          <Hindrances user={user} />
          <div class="columns">
            <div class="stack">
              <Standing user={user} />
              <Devices user={user} helps={helps} onAct={(act) => setOpened(act.key)} />
              <Restorations user={user} helps={helps} onAct={(act) => setOpened(act.key)} />
            </div>
            <div class="stack">
              <AskedByMe acts={all} where={where} onDone={done} />
              <section class="card" aria-labelledby="acts">
                <h2 id="acts">{say.user.acts}</h2>
                {acts.length === 0 && <p class="quiet">{say.user.nothingToDo}</p>}
                {acts.map((one) => (
                  <button
                    key={one.key}
                    type="button"
                    class={`button wide ${one.danger ? "danger" : ""}`}
                    aria-haspopup="dialog"
                    onClick={() => setOpened(one.key)}
                  >
                    {one.texts(say).open}
                  </button>
                ))}
                {helps && !user.restore.code_kept && user.restore.status === "enabled" && <p class="hint">{say.acts.notKept}</p>}
              </section>
              <section class="card" aria-labelledby="events">
                <h2 id="events">{say.user.events}</h2>
                <Latest events={user.events} />
                <a href={to(["log"], { identity })}>{say.user.allEvents}</a>
                <a href={to(["log"], { about: identity })}>{say.user.aboutEvents}</a>
              </section>
            </div>
          </div>
        </>
      )}
      {dialog.current && (
        <ActDialog
          key={dialog.current.key}
          act={dialog.current}
          person={person}
          where={where}
          erased={erased}
          onClose={() => setOpened(undefined)}
          onDone={done}
        />
      )}
    </>
  );
}

/** How restore stands; not in green where something is in its way. */
function Standings({ user }: { user: IdentityOverview }) {
  const hindrances = hindrancesOf(user);
  const { status } = user.restore;
  return (
    <>
      {(hindrances.length === 0 || status !== "enabled") && <Status of={status} />}
      {hindrances.map(({ short }) => <Badge key={short} tone="warn">{short}</Badge>)}
    </>
  );
}

function Hindrances({ user }: { user: IdentityOverview }) {
  const hindrances = hindrancesOf(user);
  if (hindrances.length === 0) return null;
  return (
    <section class="notice warn" aria-label={texts().user.inTheWay}>
      {hindrances.map(({ long }) => <p key={long}>{long}</p>)}
    </section>
  );
}

/** What was acted on may be gone, and the focus with it: go on at the top, not at the very beginning of the page. */
function keepFocus(): void {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>("h1")?.focus();
  });
}

function Standing({ user }: { user: IdentityOverview }) {
  const say = texts();
  const { restore } = user;
  return (
    <section class="card" aria-labelledby="standing">
      <h2 id="standing">{say.user.restore}</h2>
      <dl class="facts">
        <Fact name={say.user.codeLabel}>
          {restore.code_label ? <><code>{restore.code_label}</code> <p class="hint">{say.user.codeLabelHint}</p></> : say.common.none}
        </Fact>
        <Fact name={say.user.lastProven}>{restore.last_proven_at ? <When at={restore.last_proven_at} /> : say.user.neverProven}</Fact>
        <Fact name={say.user.email}>
          {user.email_hint ?? say.common.none}
          {user.email_pending && <Note tone="warn">{say.user.pending(user.email_pending.email_hint)}</Note>}
          {user.email_bounced_at && <Note tone="bad">{say.user.bounced(time(user.email_bounced_at))}</Note>}
          {user.email_pending_bounced_at && <Note tone="bad">{say.user.bounced(time(user.email_pending_bounced_at))}</Note>}
        </Fact>
        <Fact name={say.user.secondEmail}>
          {user.second_email_hint ?? say.common.none}
          {user.second_email_bounced_at && <Note tone="bad">{say.user.bounced(time(user.second_email_bounced_at))}</Note>}
        </Fact>
        <Fact name={say.user.enabledAt}>{restore.enabled_at ? <When at={restore.enabled_at} exact /> : say.common.never}</Fact>
        <Fact name={say.user.codeKept}>{restore.code_kept ? say.common.yes : say.common.no}</Fact>
        <Fact name={say.user.created}><When at={user.created_at} exact /></Fact>
        <Fact name={say.user.signIns}>{number(user.sign_in_count)}</Fact>
        {user.issued_code && (
          <Fact name={say.user.issuedLabel}>{say.user.issued(user.issued_code.code_label, time(user.issued_code.expires_at))}</Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Note({ tone, children }: { tone: "warn" | "bad"; children: preact.ComponentChildren }) {
  return <div><Badge tone={tone}>{children}</Badge></div>;
}

interface Part {
  user: IdentityOverview;
  helps: boolean;
  onAct: (act: Act) => void;
}

function Devices({ user, helps, onAct }: Part) {
  const say = texts();
  return (
    <section class="card" aria-labelledby="devices">
      <h2 id="devices">{say.user.devices}</h2>
      <ul class="rows">
        {user.devices.map((one) => (
          <li key={one.id}>
            <div>
              <Foreign as="h3">{nameOf(one, user.devices)}</Foreign>
              <p class="quiet small">
                {say.user.platform[one.platform]}
                {one.paired_at && <> · {say.user.paired(ago(one.paired_at), say.user.pairedBy[one.paired_by])}</>}
                {one.last_seen_at && <> · {say.user.seen(ago(one.last_seen_at))}</>}
              </p>
              {one.held_until && <Badge tone="warn">{say.user.held(time(one.held_until))}</Badge>}
              {one.held_until && <p class="hint">{say.user.heldHint}</p>}
              {!one.verification && <Badge tone="warn">{say.user.noVerification}</Badge>}
            </div>
            {helps && (
              <button type="button" class="button danger" aria-haspopup="dialog" onClick={() => onAct(unpairing(user, one))}>
                {say.acts.unpair.open}<span class="hidden"> {nameOf(one, user.devices)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Restorations({ user, helps, onAct }: Part) {
  const say = texts();
  const among = user.restorations.map(({ device }) => device);
  return (
    <section class="card" aria-labelledby="restorations">
      <h2 id="restorations">{say.user.restorations}</h2>
      {user.restorations.length === 0 && <p class="quiet">{say.user.noRestorations}</p>}
      <ul class="rows">
        {user.restorations.map((one) => (
          <li key={one.id}>
            <div>
              <Foreign as="h3">{nameOf(one.device, among)}</Foreign>
              <p class="quiet small">
                {say.user.platform[one.device.platform]} · {say.user.begun(ago(one.created_at))} · {say.user.ends(ago(one.expires_at))}
                {one.ready_at && <> · {Date.parse(one.ready_at) > Date.now() ? say.user.ready(ago(one.ready_at)) : say.user.readyNow}</>}
              </p>
              <Badge tone="warn">{say.user.restorationStatus[one.status] ?? one.status}</Badge>
            </div>
            {helps && (
              <button type="button" class="button danger" aria-haspopup="dialog" onClick={() => onAct(cancelling(user, one))}>
                {say.acts.cancel.open}<span class="hidden"> {nameOf(one.device, among)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
