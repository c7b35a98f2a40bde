// How an act is done: once however often it is pressed, again under its approval where that was given, and with what came
// of it said where it was asked for, or by name wherever somebody has gone on to.
import { useRef, useState } from "preact/hooks";
import { ApiProblem, problemFrom } from "../../api/client";
import { forget } from "../../api/resource";
import type { Approval, Code } from "../../api/types";
import { say as announce } from "../../design/parts";
import { go, to } from "../../router";
import { forgetAsked, rememberAsked } from "../../session/asked";
import { texts } from "../../texts";
import { keepLate, showLetter } from "../letter/held";
import type { Act, Wanted } from "./acts";

export interface Where {
  identity: string;
  /** Whether the user's page is still there. */
  isHere: () => boolean;
  /** Read the user again. */
  reread: () => Promise<void>;
}

export type Outcome = "done" | "waits" | "failed";

export interface Acting {
  acting: boolean;
  problem: ApiProblem | undefined;
  /** Do it. Undefined where it is under way already. */
  perform: (act: Act, wanted: Wanted) => Promise<Outcome | undefined>;
}

export function useActing({ identity, isHere, reread }: Where): Acting {
  // what is drawn follows a moment later than a second click
  const running = useRef(false);
  const [acting, setActing] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();

  const perform = async (act: Act, wanted: Wanted): Promise<Outcome | undefined> => {
    if (running.current) return undefined;
    running.current = true;
    setActing(true);
    setProblem(undefined);
    try {
      const reply = await asked(act, identity, wanted);
      forget("users ");
      forget("approvals");
      return arrived(act, reply);
    } catch (error) {
      const found = problemFrom(error);
      setProblem(found);
      if (!isHere()) tellAway(act, found);
      else if (found.mayHaveHappened || GONE.has(found.status)) void reread();
      return "failed";
    } finally {
      running.current = false;
      setActing(false);
    }
  };

  const arrived = (act: Act, { status, data }: { status: number; data: unknown }): Outcome => {
    const words = act.texts(texts());
    if (status === 202) {
      if (!isHere()) announce(texts().acts.waits.away(words.what, identity));
      return "waits";
    }
    if (!act.shows) {
      announce(words.done);
    } else if (isHere()) {
      showLetter(identity, data as Code);
      go(to(["letter"]));
    } else {
      keepLate(identity, data as Code);
    }
    return "done";
  };

  const tellAway = (act: Act, { mayHaveHappened, detail }: ApiProblem) => {
    const { acts } = texts();
    const { what } = act.texts(texts());
    announce(mayHaveHappened ? acts.awayLost(what, identity) : acts.awayFailed(what, identity, detail));
  };

  return { acting, problem, perform };
}

/** After these the page shows something that is not so any more. */
const GONE = new Set([404, 409, 410]);

/** Ask for it; and at once again where a second person has approved this very request. */
async function asked(act: Act, identity: string, wanted: Wanted): Promise<{ status: number; data: unknown }> {
  try {
    const reply = await act.send(wanted);
    if (reply.status !== 202) return reply;
    const { approval } = reply.data as { approval: Approval };
    const { reason, hours } = wanted;
    rememberAsked({ id: approval.id, identity, key: act.key, reason, hours, at: approval.asked_at, until: approval.expires_at });
    return approval.approved_by === null ? reply : await underApproval(act, wanted, approval.id);
  } catch (error) {
    const problem = problemFrom(error);
    const said = texts().acts.problems[problem.code];
    if (said === undefined) throw problem;
    const { again } = act.texts(texts());
    throw new ApiProblem(problem.code, problem.mayHaveHappened && again ? `${said} ${again}` : said, problem.status);
  }
}

async function underApproval(act: Act, wanted: Wanted, approval: string): Promise<{ status: number; data: unknown }> {
  try {
    return await act.send({ ...wanted, approval });
  } catch (error) {
    const problem = problemFrom(error);
    if (problem.code !== "not_allowed" || problem.policy !== undefined) throw problem;
    forgetAsked(approval);
    throw new ApiProblem("not_allowed", texts().acts.problems["approvalOver"] ?? "", problem.status);
  }
}
