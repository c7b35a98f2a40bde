// What waits for a second person: others decide on it, and whoever asked carries it out, once it is approved.
import { useState } from "preact/hooks";
import { type ApiProblem, ask, problemFrom, send } from "../../api/client";
import { forget, useResource } from "../../api/resource";
import type { Approval, Code, WholePolicy } from "../../api/types";
import { Badge, Empty, Foreign, Title, Trouble, Waiting, When, say as announce } from "../../design/parts";
import { go, to } from "../../router";
import type { Person } from "../../session/session";
import { texts } from "../../texts";
import { showLetter } from "../letter/held";
import { Change } from "../policy/difference";

export function Approvals({ person }: { person: Person }) {
  const say = texts().approvals;
  const found = useResource("approvals", async () => (await ask("GET /approvals")).data.approvals);
  const mine = (found.data ?? []).filter((one) => one.asked_by === person.sub);
  const others = (found.data ?? []).filter((one) => one.asked_by !== person.sub);
  const again = () => void found.again();
  return (
    <>
      <Title>{say.title}</Title>
      <p class="quiet">{say.intro}</p>
      {found.problem && <Trouble problem={found.problem} again={again} />}
      {!found.data && !found.problem && <Waiting />}
      {found.data?.length === 0 && <div class="card"><Empty {...say.nothing} /></div>}
      {others.length > 0 && <Group title={say.others} approvals={others} mine={false} again={again} />}
      {mine.length > 0 && <Group title={say.mine} approvals={mine} mine again={again} />}
    </>
  );
}

function Group({ title, approvals, mine, again }: { title: string; approvals: Approval[]; mine: boolean; again: () => void }) {
  return (
    <section class="stack" aria-label={title}>
      <h2>{title}</h2>
      {approvals.map((one) => <One key={one.id} approval={one} mine={mine} again={again} />)}
    </section>
  );
}

function One({ approval, mine, again }: { approval: Approval; mine: boolean; again: () => void }) {
  const say = texts().approvals;
  const [acting, setActing] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const given = approval.approved_by !== null;

  const attempt = async (act: () => Promise<void>) => {
    setActing(true);
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      setProblem(problemFrom(error));
    } finally {
      setActing(false);
    }
  };
  const decide = (approve: boolean) =>
    attempt(async () => {
      await ask("POST /approvals/{approval}", { path: { approval: approval.id }, body: { approve } });
      announce(approve ? say.approvedByYou : say.denied);
      again();
    });
  const carryOut = () =>
    attempt(async () => {
      const data = await doAgain(approval);
      forget("user");
      forget("policy");
      if (approval.identity && isCode(data)) {
        showLetter(approval.identity, data);
        go(to(["letter"]));
      } else {
        announce(say.done);
        again();
      }
    });

  return (
    <article class="card">
      <div class="head">
        <h3>
          {say.act[approval.act]}
          {approval.identity && <> <a href={to(["user", approval.identity])}>{say.forIdentity(approval.identity)}</a></>}
        </h3>
        <span class="end">
          {given ? <Badge tone="good">{say.approved(approval.approved_by_name ?? "")}</Badge> : <Badge tone="warn">{say.waiting}</Badge>}
        </span>
      </div>
      {approval.reason && <blockquote class="reason">{approval.reason}</blockquote>}
      <p class="quiet small">
        <When at={approval.asked_at} /> · <Foreign>{approval.asked_by_name}</Foreign> · {texts().approvals.over} <When at={approval.expires_at} />
      </p>
      {approval.act === "policy" && <Change wanted={approval.request.body as WholePolicy} />}
      <details>
        <summary>{say.exactly}</summary>
        <pre class="exactly" tabIndex={0}>{`${approval.request.method} ${approval.request.path}\n${JSON.stringify(approval.request.body, null, 2)}`}</pre>
      </details>
      {problem && <Trouble problem={problem} />}
      {!mine && !given && (
        <div class="buttons">
          <button type="button" class="button main" disabled={acting} onClick={() => void decide(true)}>{say.approve}</button>
          <button type="button" class="button danger" disabled={acting} onClick={() => void decide(false)}>{say.deny}</button>
        </div>
      )}
      {mine && given && (
        <div class="buttons">
          <button type="button" class="button main" disabled={acting} onClick={() => void carryOut()}>{say.carryOut}</button>
        </div>
      )}
    </article>
  );
}

/** Send the very request again that was approved. It was bound to the policy's version, too, which is still that or else
 * the server refuses. */
async function doAgain({ id, act, request }: Approval): Promise<unknown> {
  const ifMatch = act === "policy" ? (await ask("GET /policy")).etag : null;
  const { method, path, body, query } = request;
  return (await send(method, path.replace(/^\/v1\/admin/, ""), { body, query, approval: id, ifMatch: ifMatch ?? undefined })).data;
}

function isCode(data: unknown): data is Code {
  return typeof data === "object" && data !== null && "restore_code" in data;
}
