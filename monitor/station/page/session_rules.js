// What the fields of a session become on the wire, or why not: pure, so that it is tested by itself.
// Every function returns {payload} or {field, refused}.

import { numberOf } from "./forms.js";

const SUBJECT = /^PX-[A-Z0-9]{1,12}$/;
const DEVICE = /^[a-z0-9-]{1,32}$/;
const MOST = 1_000_000;
const AGE_MOST = 150;
const DEVICES_MOST = 32;
const DOSES_MOST = 999;

class Wrong extends Error {
  constructor(field, sentence) {
    super(sentence);
    this.field = field;
  }
}

function made(work) {
  try {
    return { payload: work() };
  } catch (error) {
    if (error instanceof Wrong) return { field: error.field, refused: error.message };
    throw error;
  }
}

function amount(field, text, wrong) {
  const value = numberOf(text);
  if (value === null) return null;
  if (Number.isNaN(value)) throw new Wrong(field, wrong.noNumber(field, text));
  if (value <= 0 || value >= MOST) throw new Wrong(field, wrong.outside(field, text, "0", String(MOST)));
  return value;
}

function whole(field, text, most, wrong) {
  const value = numberOf(text);
  if (value === null) return null;
  if (!Number.isInteger(value)) throw new Wrong(field, wrong.noWhole(field, text));
  if (value < 0 || value > most) throw new Wrong(field, wrong.outside(field, text, "0", String(most)));
  return value;
}

function deviceList(text, wrong) {
  const names = text.split(/[\s,]+/).filter(Boolean);
  const bad = names.find((name) => !DEVICE.test(name));
  if (bad !== undefined) throw new Wrong("devices", wrong.device(bad));
  if (names.length > DEVICES_MOST) throw new Wrong("devices", wrong.outside("devices", String(names.length), "0", String(DEVICES_MOST)));
  return names;
}

// What is not known is left out: it stays unknown, and is no "no".
function known(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)));
}

const truth = (text) => (text === "yes" ? true : text === "no" ? false : null);
const quantity = (value, unit) => (value === null ? null : { v: value, u: unit });

export function openPayload(read, wrong) {
  return made(() => {
    const subject = read.subject.toUpperCase();
    if (!SUBJECT.test(subject)) throw new Wrong("subject", wrong.subject(read.subject));
    if (!read.product) throw new Wrong("product", wrong.product);
    const years = whole("age_years", read.age_years, AGE_MOST, wrong);
    const months = whole("age_months", read.age_months, AGE_MOST * 12 + 11, wrong);
    if (years !== null && months !== null && Math.floor(months / 12) !== years) throw new Wrong("age_months", wrong.months(months, years));
    const premed = read.premed.map(({ key, text }) => known({ drug: key, dose: quantity(amount(`premed ${key}`, text, wrong), "mg") }));
    const rate = amount("history_rate", read.history.rate, wrong);
    const history = read.history.grade ? [known({ grade: Number(read.history.grade), rate_ml_per_h: rate })] : [];
    return known({
      event: "open", subject, product: read.product,
      dose: quantity(amount("dose", read.dose, wrong), read.dose_unit),
      weight: quantity(amount("weight", read.weight, wrong), "kg"),
      age_years: years, age_months: months,
      concentration: quantity(amount("concentration", read.concentration, wrong), "mg/mL"),
      dose_number: whole("dose_number", read.dose_number, DOSES_MOST, wrong), doses: whole("doses", read.doses, DOSES_MOST, wrong),
      first_dose: truth(read.first_dose), beta_blocker: truth(read.beta_blocker),
      ace_inhibitor: truth(read.ace_inhibitor), at_risk: truth(read.at_risk),
      devices: deviceList(read.devices, wrong), premed, history,
    });
  });
}

export function transferPayload({ session, from, to_bed, devices, reason, beds }, wrong) {
  return made(() => {
    const to = to_bed.trim();
    if (!DEVICE.test(to)) throw new Wrong("to_bed", wrong.bed(to_bed));
    if (to === from) throw new Wrong("to_bed", wrong.sameBed(to));
    const there = beds.get(to)?.state;
    if (there?.session && there.phase !== "closed") throw new Wrong("to_bed", wrong.taken(to, there.session));
    return known({ id: session, event: "transfer", to_bed: to, devices: deviceList(devices, wrong), reason: reason.trim() || null });
  });
}

export function closePayload({ session, reason, stays }, wrong) {
  return made(() => {
    if (stays.length && !reason.trim()) throw new Wrong("reason", wrong.stayReason(stays[0].words));
    return known({ id: session, event: "close", reason: reason.trim() || null });
  });
}
