// Readiness: who could be restored today, why the others could not, and how that has changed. Each slice leads to its users.
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Readiness as Figures } from "../../api/types";
import { Empty, Title, Trouble, Waiting } from "../../design/parts";
import { to } from "../../router";
import { day, number, percent, texts, time } from "../../texts";

interface Slice {
  name: string;
  count: number;
  href: string;
  tone: string;
}

export function Readiness() {
  const say = texts().readiness;
  const found = useResource("readiness", async () => (await ask("GET /readiness")).data);
  const figures = found.data;
  return (
    <>
      <Title>{say.title}</Title>
      <p class="quiet">{say.intro}{figures && <> {say.asOf(time(figures.at))}</>}</p>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!figures && !found.problem && <Waiting />}
      {figures?.identities === 0 && <div class="card"><Empty {...say.empty} /></div>}
      {figures && figures.identities > 0 && <Charts figures={figures} />}
    </>
  );
}

function slicesOf(figures: Figures): Slice[] {
  const { reasons } = texts().readiness;
  const { off, barred, address_not_confirmed: unconfirmed, mail_bounced: bounced } = figures.not_restorable;
  return [
    { name: reasons.enabled, count: figures.restorable + figures.forbidden_by_policy, href: to(["users"], { restore: "enabled" }), tone: "good" },
    { name: reasons.off, count: off, href: to(["users"], { restore: "off" }), tone: "warn" },
    { name: reasons.address_not_confirmed, count: unconfirmed, href: to(["users"], { restore: "awaiting_email" }), tone: "warn-2" },
    { name: reasons.mail_bounced, count: bounced, href: to(["users"], { lacks: "working_address" }), tone: "bad-2" },
    { name: reasons.barred, count: barred, href: to(["users"], { restore: "disabled_by_admin" }), tone: "bad" },
  ];
}

function Charts({ figures }: { figures: Figures }) {
  const say = texts().readiness;
  const all = figures.identities;
  const slices = slicesOf(figures);
  const risks: Slice[] = [
    { name: say.risks.code_never_proven, count: figures.at_risk.code_never_proven, href: to(["users"], { lacks: "proven_code" }), tone: "warn" },
    { name: say.risks.only_one_device, count: figures.at_risk.only_one_device, href: to(["users"], { lacks: "second_device" }), tone: "warn" },
    { name: say.unverified, count: figures.without_verification_key, href: to(["users"], { lacks: "verification_key" }), tone: "warn" },
  ];
  return (
    <>
      {figures.forbidden_by_policy > 0 && <p class="notice warn">{say.forbidden(figures.forbidden_by_policy)}</p>}
      <div class="halves">
        <section class="card" aria-labelledby="today">
          <h2 id="today">{say.restorable}</h2>
          <p class="big">{percent(figures.restorable, all)}</p>
          <p class="quiet">{say.of(number(figures.restorable), all)}</p>
          <Bar slices={slices} all={all} />
          <List slices={slices} all={all} />
        </section>
        <section class="card" aria-labelledby="risk">
          <h2 id="risk">{say.risk}</h2>
          <List slices={risks} all={all} bars />
        </section>
      </div>
      <History figures={figures} />
    </>
  );
}

/** One bar of all users. What it shows stands below it in words, so it is hidden from screen readers. */
function Bar({ slices, all }: { slices: Slice[]; all: number }) {
  let from = 0;
  return (
    <svg class="chart-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {slices.filter(({ count }) => count > 0).map(({ name, count, tone }) => {
        const width = (count / all) * 1000;
        const x = from;
        from += width;
        return <rect key={name} class={`fill-${tone}`} x={x} y="0" width={Math.max(width - 3, 1)} height="10" />;
      })}
    </svg>
  );
}

function List({ slices, all, bars = false }: { slices: Slice[]; all: number; bars?: boolean }) {
  return (
    <ul class="slices">
      {slices.map(({ name, count, href, tone }) => (
        <li key={name}>
          <a href={href}>
            <span class={`swatch fill-${tone}`} aria-hidden="true" />
            <span class="slice-name">{name}</span>
            <strong>{number(count)}</strong>
            <span class="quiet slice-part">{percent(count, all)}</span>
          </a>
          {bars && <Bar slices={[{ name, count, href, tone }]} all={all} />}
        </li>
      ))}
    </ul>
  );
}

const WIDTH = 720;
const HEIGHT = 180;
const DAY = 86_400_000;

interface Point {
  day: string;
  identities: number;
  restorable: number;
}

function History({ figures }: { figures: Figures }) {
  const say = texts().readiness;
  const today: Point = { day: figures.at.slice(0, 10), identities: figures.identities, restorable: figures.restorable };
  const days: Point[] = [...figures.history.filter(({ day: one }) => one !== today.day), today];
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">{say.overTime}</h2>
      {figures.history.length === 0 && <p class="quiet">{say.noHistory}</p>}
      {days.length > 1 && <Chart days={days} first={days[0] ?? today} today={today} />}
    </section>
  );
}

/** Days stand where their dates are: a day on which nothing was counted is a gap, and no jump. */
function Chart({ days, first, today }: { days: Point[]; first: Point; today: Point }) {
  const say = texts().readiness;
  const most = Math.max(2, Math.ceil(Math.max(...days.map(({ identities }) => identities)) / 2) * 2); // half of it is a number, too
  const since = Date.parse(first.day);
  const span = Date.parse(today.day) - since;
  const x = (one: Point) => ((Date.parse(one.day) - since) / span) * WIDTH;
  const y = (count: number) => HEIGHT - (count / most) * HEIGHT;
  const line = (of: (one: Point) => number) => days.map((one) => `${x(one).toFixed(1)},${y(of(one)).toFixed(1)}`).join(" L");
  const area = (of: (one: Point) => number) => `M0,${HEIGHT} L${line(of)} L${WIDTH},${HEIGHT} Z`;
  const wide = (DAY / span) * WIDTH;
  return (
    <figure class="history">
      <div class="plot" aria-hidden="true">
        <div class="scale quiet small"><span>{number(most)}</span><span>{number(most / 2)}</span><span>0</span></div>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
          <path class="fill-warn" d={area(({ identities }) => identities)} />
          <path class="fill-good" d={area(({ restorable }) => restorable)} />
          <path class="half" d={`M0,${HEIGHT / 2} L${WIDTH},${HEIGHT / 2}`} />
          <path class="total" d={`M${line(({ identities }) => identities)}`} />
          {days.map((one) => (
            <rect key={one.day} class="point" x={x(one) - wide / 2} y="0" width={wide} height={HEIGHT}>
              <title>{say.point(day(one.day), number(one.restorable), one.identities)}</title>
            </rect>
          ))}
        </svg>
        <div class="axis quiet small"><span>{day(first.day)}</span><span>{day(today.day)}</span></div>
      </div>
      <figcaption class="legend small">
        <span><span class="swatch line" aria-hidden="true" /> {say.all}: {number(today.identities)}</span>
        <span><span class="swatch fill-good" aria-hidden="true" /> {say.restorable}: {number(today.restorable)}</span>
        <span><span class="swatch fill-warn" aria-hidden="true" /> {say.others}: {number(today.identities - today.restorable)}</span>
      </figcaption>
      <details>
        <summary>{say.table}</summary>
        <table class="table folds figures">
          <thead>
            <tr>
              <th scope="col">{say.day}</th>
              <th scope="col" class="number">{say.all}</th>
              <th scope="col" class="number">{say.could}</th>
              <th scope="col" class="number">{say.others}</th>
            </tr>
          </thead>
          <tbody>
            {[...days].reverse().map((one) => (
              <tr key={one.day}>
                <td>{day(one.day)}</td>
                <td class="number" data-label={say.all}>{number(one.identities)}</td>
                <td class="number" data-label={say.could}>{number(one.restorable)}</td>
                <td class="number" data-label={say.others}>{number(one.identities - one.restorable)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
