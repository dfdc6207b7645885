// What the web API answers; see docs/console.md.

export type Lang = "zh" | "en";
export type Text = Record<Lang, string>;
export type Grade = "red" | "orange" | "yellow" | "blue";
export type AlertState =
  | "unack"
  | "acked"
  | "rtnun"
  | "lunak"
  | "lackd"
  | "shelved"
  | "suppressed"
  | "out_of_service"
  | "closed";

export interface Me {
  name: string;
  role: "viewer" | "operator" | "admin";
  area: string | null;
  enterprise: string | null;
  may_acknowledge: boolean;
  /** Signed in with a one-time password: nothing but a new one is taken. */
  must_change: boolean;
  site: Text;
  data_late_s: number;
}

/** What an account may know of a receiver: its name, or words instead where it is one of another area. */
export interface Reached {
  receiver: string | null;
  outside?: Text;
}

export interface Told extends Reached {
  route?: string;
  reason?: Text;
}

/** One thing that stands; `text` is a sentence, `statistic` and `threshold` mean what `method` compares. */
export interface Reason {
  method: string;
  kind: string;
  limit_name: string | null;
  statistic: number | null;
  threshold: number | null;
  window_s: number | null;
  value: number | null;
  since: string;
  onset: string;
  text: Text;
  others?: { sensor: string; share: number | null }[];
}

/** What holds the alerts of a place back: who, why, and until when. */
export interface Arrangement {
  kind: "shelved" | "suppressed" | "out_of_service";
  place: { kind: "slot" | "sensor" | "equipment" | "source"; id: string; slot: string | null };
  name: string | null;
  by: string;
  second: string | null;
  reason: string;
  since: string;
  until: string | null;
  one_shot: boolean;
}

export interface Why {
  seen?: Text;
  onset?: string | null;
  reasons?: Reason[];
  /** The sensor sends nothing, so nothing says that the alert's cause is over. */
  blind?: { since: string; text: Text } | null;
  grade?: {
    urgency?: number;
    urgency_reason?: Text;
    source_grade?: string | null;
    source_r?: number | null;
    cell?: string;
  };
  told?: Told[];
  advice?: Text | null;
  /** Who caused the newest event, and in which words. */
  person?: { by: string; second: string | null; time: string; words: string } | null;
  /** Who is to see to it. */
  assigned?: { to: string; by: string; time: string } | null;
  /** The flood of its narrowest scope, as it was at the newest event. */
  flood?: { scope: string; since: string; activations: number; text: Text } | null;
  /** The incident it belongs to, as it was at the newest event. */
  incident?: {
    id: string;
    size: number;
    grade: Grade;
    first_out: { alert: string; sensor: string; time: string; title: Text };
    sensors: number;
  } | null;
  /** What was done about the alert. */
  confirmed?: { by: string; time: string; cause: string; cause_name: Text; action: string } | null;
  /** What holds the alert back. */
  arrangements?: Arrangement[];
}

export interface AlertRow {
  id: string;
  seq: number;
  time: string;
  event: string;
  state: AlertState;
  grade: Grade;
  kind: string;
  sensor: string | null;
  enterprise: string | null;
  source: string | null;
  equipment: string | null;
  area: string | null;
  value: number | null;
  unit: string | null;
  limit: number | null;
  limit_name: string | null;
  forecast_s: number | null;
  onset: string | null;
  score: number | null;
  title: Text;
  why: Why;
  opened: string | null;
  acknowledged_by: string | null;
  acknowledged_at: string | null;
  /** Holding it back needs a second person. */
  safety_class: boolean;
  sensor_type: string | null;
  /** What the one is called who is to see to it. */
  assigned_to: Text | null;
}

/** The first line of all open alerts; so many rows follow. */
export interface AlertsHead {
  last_seq: number;
  now_ms: number;
  count: number;
}

/** More alarms than a person can look at. */
export interface Flood {
  scope: string;
  since_ms: number;
  activations: number;
}

export interface SavedFilter {
  name: string;
  filter: string;
}

/** What became of one alert of a command for many. */
export type Outcome = { id: string; done: true } | ({ id: string; done: false; code: string } & Text);

export interface Beat {
  now_ms: number;
  newest_age_s: number | null;
  /** What a replay does; the live stream has none. */
  replay?: ReplayStatus;
}

/** Times are ms of the replay's own clock. */
export interface ReplayStatus {
  source: "journal" | "store";
  from_ms: number;
  to_ms: number;
  now_ms: number;
  run_ms: number | null;
  state: "seeking" | "playing" | "paused" | "ended";
  goal_ms: number | null;
  speed: number;
  exact: boolean;
  told: number;
  differ: number;
}

export interface ReplayInfo {
  id: string;
  source: "journal" | "store";
  from_ms: number;
  to_ms: number;
}

export interface Replays {
  journal: [number, number] | null;
  exact_from_ms: number | null;
  store: boolean;
  replays: ReplayInfo[];
}

export interface Trend {
  sensor: string;
  type: string;
  unit: string;
  description: string;
  range: [number | null, number | null];
  limits: Record<string, number>;
  t_ms: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface Component {
  state: "ok" | "degraded" | "down";
  detail: Text;
  since_ms: number | null;
}

/** What stands at a place. */
export interface Counts {
  sensors: number;
  alive: number;
  open: Partial<Record<Grade, number>>;
  unacknowledged: number;
}

/** A tile server that the settings name; without one no request of the page leaves the machine. */
export interface Tiles {
  url: string;
  attribution: string;
  gcj02: boolean;
  max_zoom: number;
}

export interface Overview {
  areas: { code: string; name: Text; parent: string | null }[];
  enterprises: ({ id: string; name: Text; area: string | null; plan: string | null } & Counts)[];
  sources: ({
    id: string;
    enterprise: string;
    name: Text;
    grade: string | null;
    r: number;
    lon: number | null;
    lat: number | null;
    chemicals: { substance: string; quantity_t: number }[];
  } & Counts)[];
  elsewhere: Counts;
  /** Alerts that opened in the last hour, by windows of `window_s`, oldest first. */
  activations: number[];
  window_s: number;
  /** Which version of the area's map there is. */
  map: string | null;
  tiles: Tiles | null;
}

export interface SensorNow {
  id: string;
  source: string | null;
  equipment: string | null;
  type: string;
  unit: string;
  description: string;
  limits: Record<string, number>;
  range: [number | null, number | null];
  t_ms: number | null;
  value: number | null;
  silent: boolean;
}

export interface SensorPage {
  sensors: SensorNow[];
  next_after: number | null;
}

export interface Receiver {
  name: string;
  not_tried: Text | null;
  sent: number;
  retried: number;
  failed: number;
  failing_since_ms: number | null;
  error: Text | null;
}

export interface System {
  versions: Record<string, string>;
  sensors: number;
  clock: string;
  counts: Record<string, number>;
  commit_ms: number | null;
  lag_s: number;
  inbox: number;
  store: { kind: string; state: string; queued: number; spooled_bytes: number; dropped: number; rejected: number };
  outbox: Record<string, number>;
  receivers: Receiver[];
  rejects: Record<string, number>;
}

export interface Letters {
  letters: { number: number; t_ms: number; reason: string; detail: string; topic: string; payload: string; bytes: number; count: number }[];
  next_before: number | null;
}
