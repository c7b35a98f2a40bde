// One user: how things stand, on which devices, what is under way, what happened, and what can be done.
import { useState } from "preact/hooks";
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Device, IdentityOverview, Restoration } from "../../api/types";
import { Badge, Empty, Foreign, Status, Title, Trouble, Waiting, When } from "../../design/parts";
import { to } from "../../router";
import { may } from "../../session/roles";
import type { Person } from "../../session/session";
import { distance, number, texts, time } from "../../texts";
import { EventList } from "../log/events";
import { lastList } from "../users/last";
import { ActDialog, begun } from "./act-dialog";
import { type Act, actsOn, cancelling, unpairing } from "./acts";

export function User({ person, parts }: { person: Person; parts: string[] }) {
  const identity = parts[0] ?? "";
  const say = texts();
  const found = useResource(`user ${identity}`, async () => (await ask("GET /identities/{identity}", { path: { identity } })).data);
  const [opened, setOpened] = useState<string | undefined>(() => begun(identity));

  const user = found.data;
  const acts = user ? actsOn(user).filter((act) => may(person.role, act.role)) : [];
  const helps = may(person.role, "helpdesk");
  const all: Act[] = user
    ? [
        ...acts,
        ...(helps ? user.devices.map((one) => unpairing(identity, one)) : []),
        ...(helps ? user.restorations.map((one) => cancelling(identity, one)) : []),
      ]
    : [];
  const act = all.find(({ key }) => key === opened);

  if (found.problem?.code === "not_found" || found.problem?.code === "invalid") {
    return (
      <>
        <Title>{identity}</Title>
        <div class="card"><Empty {...say.user.unknown}><a class="button" href={to(["users"])}>{say.user.back}</a></Empty></div>
      </>
    );
  }
  return (
    <>
      <nav class="small"><a href={lastList.value}>← {say.user.back}</a></nav>
      <Title end={user && <Status of={user.restore.status} bounces={user.email_bounced_at != null} />}>{identity}</Title>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!user && !found.problem && <Waiting />}
      {user && (
        <div class="columns">
          <div class="stack">
            <Standing user={user} />
            <Devices devices={user.devices} helps={helps} onUnpair={(one) => setOpened(unpairing(identity, one).key)} />
            <Restorations restorations={user.restorations} helps={helps} onCancel={(one) => setOpened(cancelling(identity, one).key)} />
          </div>
          <div class="stack">
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
              <EventList events={user.events} />
              <a href={to(["log"], { identity })}>{say.user.allEvents}</a>
              <a href={to(["log"], { about: identity })}>{say.user.aboutEvents}</a>
            </section>
          </div>
        </div>
      )}
      {act && (
        <ActDialog
          key={act.key}
          identity={identity}
          act={act}
          person={person}
          onClose={() => setOpened(undefined)}
          onDone={() => void found.again().then(keepFocus)}
        />
      )}
    </>
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

function Devices({ devices, helps, onUnpair }: { devices: Device[]; helps: boolean; onUnpair: (device: Device) => void }) {
  const say = texts();
  return (
    <section class="card" aria-labelledby="devices">
      <h2 id="devices">{say.user.devices}</h2>
      <ul class="rows">
        {devices.map((one) => (
          <li key={one.id}>
            <div>
              <Foreign as="h3">{one.name}</Foreign>
              <p class="quiet small">
                {say.user.platform[one.platform]}
                {one.paired_at && <> · {say.user.paired(distance(one.paired_at), say.user.pairedBy[one.paired_by])}</>}
                {one.last_seen_at && <> · {say.user.seen(distance(one.last_seen_at))}</>}
              </p>
              {one.held_until && <Badge tone="warn">{say.user.held(time(one.held_until))}</Badge>}
              {one.held_until && <p class="hint">{say.user.heldHint}</p>}
              {!one.verification && <Badge tone="warn">{say.user.noVerification}</Badge>}
            </div>
            {helps && (
              <button type="button" class="button danger" aria-haspopup="dialog" onClick={() => onUnpair(one)}>
                {say.acts.unpair.open}<span class="hidden"> {one.name}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RestorationsProps {
  restorations: Restoration[];
  helps: boolean;
  onCancel: (restoration: Restoration) => void;
}

function Restorations({ restorations, helps, onCancel }: RestorationsProps) {
  const say = texts();
  return (
    <section class="card" aria-labelledby="restorations">
      <h2 id="restorations">{say.user.restorations}</h2>
      {restorations.length === 0 && <p class="quiet">{say.user.noRestorations}</p>}
      <ul class="rows">
        {restorations.map((one) => (
          <li key={one.id}>
            <div>
              <Foreign as="h3">{one.device.name}</Foreign>
              <p class="quiet small">
                {say.user.platform[one.device.platform]} · {say.user.begun(distance(one.created_at))} · {say.user.ends(distance(one.expires_at))}
                {one.ready_at && <> · {Date.parse(one.ready_at) > Date.now() ? say.user.ready(distance(one.ready_at)) : say.user.readyNow}</>}
              </p>
              <Badge tone="warn">{say.user.restorationStatus[one.status] ?? one.status}</Badge>
            </div>
            {helps && (
              <button type="button" class="button danger" aria-haspopup="dialog" onClick={() => onCancel(one)}>
                {say.acts.cancel.open}<span class="hidden"> {one.device.name}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
