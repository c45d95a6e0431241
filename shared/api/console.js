// The console: a page over the API, and nothing that the API does not know. It contains no rules: forms are drawn from
// the options route, errors come from the problems' pointers, and what will happen is asked of the API beforehand.

const SPOKEN = {
  root: "Root", distributor: "Distributor", sub_distributor: "Sub-Distributor", reseller: "Reseller",
  end_customer: "End-Customer", site: "Site", all_inclusive: "All-Inclusive", software_only: "Software-Only",
  in_trial: "In trial", in_production: "In production",
};
const spoken = (word) => SPOKEN[word] ?? word;
const $ = (id) => document.getElementById(id);
const PAGE = 100;

function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.startsWith("aria") && typeof value !== "string") node[name] = value;
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child != null && child !== false));
  return node;
}
const time = (text) => h("time", { datetime: text }, new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
const button = (words, act, kind = "") => h("button", { type: "button", class: kind, onclick: act }, words);
const muted = (words) => h("p", { class: "muted" }, words);

function say(words) {
  const line = h("p", {}, words);
  $("notice").append(line);
  setTimeout(() => line.remove(), 7000);
}

// ---------------------------------------------------------------- signing in

const settings = document.querySelector('meta[name="sign-in"]').dataset;
let token = null;
const refreshToken = {
  get: () => sessionStorage.getItem("refresh"),
  set: (value) => (value ? sessionStorage.setItem("refresh", value) : sessionStorage.removeItem("refresh")),
};

async function userPool(action, body) {
  const answer = await fetch(settings.endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}` },
    body: JSON.stringify({ ClientId: settings.client, ...body }),
    signal: AbortSignal.timeout(20000),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.message ?? "The sign-in was refused.");
  return found;
}

function keep(result) {
  token = result.AccessToken;
  if (result.RefreshToken) refreshToken.set(result.RefreshToken);
}

// Whether there is a new access token. Many who ask at once share one request; a network that fails ends no session.
let refreshing = null;
async function refresh() {
  if (!refreshToken.get()) return false;
  const parameters = { REFRESH_TOKEN: refreshToken.get() };
  refreshing ??= userPool("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters });
  try {
    keep((await refreshing).AuthenticationResult);
    return true;
  } catch (problem) {
    if (problem instanceof TypeError || problem.name === "TimeoutError") throw new Problem(0, { detail: "The sign-in cannot be reached. Check the network and try again." });
    return false;
  } finally {
    refreshing = null;
  }
}

// Resolves after the user has signed in; `reason` says why a sign-in is required.
function signIn(reason) {
  token = null;
  refreshToken.set(null);
  return new Promise((signedIn) => {
    let challenge = null;
    const error = h("p", { class: "error", id: "sign-in-error", role: "alert" });
    const fields = h("div");
    const draw = () => {
      const asked = challenge
        ? challenge.ChallengeName === "NEW_PASSWORD_REQUIRED"
          ? [["answer", "Your own password", "password", "new-password", "14 characters or more, with upper and lower case and a digit."]]
          : [["answer", "Code of your authenticator", "text", "one-time-code", ""]]
        : [["user", "E-mail address", "text", "username", ""], ["password", "Password", "password", "current-password", ""]];
      fields.replaceChildren(
        ...asked.map(([name, label, type, autocomplete, hint]) =>
          h("div", { class: "field" },
            h("label", { for: `sign-in-${name}` }, label),
            h("input", { id: `sign-in-${name}`, name, type, autocomplete, required: true, "aria-describedby": "sign-in-error" }),
            hint && h("p", { class: "hint" }, hint))));
      fields.querySelector("input").focus();
    };
    const form = h("form", { class: "card", onsubmit: async (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(form));
      error.textContent = "";
      submit.disabled = true;
      try {
        const result = challenge
          ? await userPool("RespondToAuthChallenge", {
              ChallengeName: challenge.ChallengeName, Session: challenge.Session,
              ChallengeResponses: {
                USERNAME: challenge.ChallengeParameters?.USER_ID_FOR_SRP ?? challenge.user,
                [challenge.ChallengeName === "NEW_PASSWORD_REQUIRED" ? "NEW_PASSWORD" : "SOFTWARE_TOKEN_MFA_CODE"]: given.answer,
              },
            })
          : await userPool("InitiateAuth", { AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: { USERNAME: given.user, PASSWORD: given.password } });
        if (result.ChallengeName) {
          challenge = { ...result, user: challenge?.user ?? given.user };
          draw();
        } else {
          keep(result.AuthenticationResult);
          signedIn();
        }
      } catch (problem) {
        error.textContent = problem instanceof TypeError ? "The sign-in cannot be reached. Check the network and try again." : problem.message;
      } finally {
        submit.disabled = false;
      }
    } }, fields, error);
    const submit = h("button", { type: "submit", class: "main" }, "Sign in");
    form.append(submit);
    document.querySelector(".top").hidden = $("side").hidden = true;
    $("main").replaceChildren(...[h("h1", {}, "Sign in"), reason && h("p", { role: "status" }, reason), form].filter(Boolean));
    document.title = "Sign in - Backup customers";
    draw();
  });
}

// ---------------------------------------------------------------- the API

const BASE = new URL(".", location.href).href.replace(/\/$/, "");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.message ?? "Something went wrong. Try again.");
    this.status = status;
    this.body = body;
    this.errors = body.errors ?? [];
  }
}

// Reading, and what carries a key or a version, may be sent again: the API does it once.
async function api(method, path, { query, body, file, media, headers = {} } = {}) {
  const url = new URL(BASE + path);
  for (const [name, value] of Object.entries(query ?? {})) if (value != null) url.searchParams.set(name, value);
  for (let attempt = 1; ; attempt++) {
    let answer;
    try {
      answer = await fetch(url, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body || file ? { "Content-Type": media ?? "application/json" } : {}), ...headers },
        body: file ?? (body && JSON.stringify(body)),
        signal: AbortSignal.timeout(30000),
      });
    } catch {
      if (attempt < 3) { await sleep(500 * attempt); continue; }
      throw new Problem(0, { detail: "The service cannot be reached. Check the network and try again." });
    }
    if (answer.status === 401) {
      if (attempt < 3 && (await refresh())) continue;
      await signIn("Your session has ended. Sign in to go on where you were.");
      await begin();
      throw new Problem(401, { detail: "Your session had ended. Do it again." });
    }
    if ((answer.status === 429 || answer.status === 503) && attempt < 3) {
      await sleep(1000 * (Number(answer.headers.get("Retry-After")) || 1));
      continue;
    }
    const text = await answer.text();
    let found = {};
    try { found = text ? JSON.parse(text) : {}; } catch { found = {}; }
    if (!answer.ok) throw new Problem(answer.status, found);
    if (found.incomplete?.length) say(`Not shown, because the record can't be read: ${found.incomplete.map((each) => `${each.kind} ${each.id}`).join(", ")}. Report it to support.`);
    return found;
  }
}

// ---------------------------------------------------------------- who is here, and the customer in use

let me = null;
let inUse = null;
const known = new Map();
const may = (operation) => me.may.includes(operation);
const learn = (customer) => (known.set(customer.id, customer), customer);
const customer = async (id) => learn(await api("GET", `/customers/${id}`));
const children = (id, query = {}) => api("GET", "/customers", { query: { parent_id: id, limit: PAGE, ...query } });
const HOLDS = new Set(["root", "distributor", "sub_distributor", "reseller", "end_customer"]);

// From the response: the clock of the browser may be wrong.
const daysLeft = (one) => (one.state === "in_trial" ? one.trial.days_left : null);

function badges(one) {
  const left = daysLeft(one);
  return [
    h("span", { class: "badge" }, spoken(one.level)),
    one.archive ? h("span", { class: "badge bad" }, "Archived")
      : left != null ? h("span", { class: "badge warm" }, `In trial: ${left} ${left === 1 ? "day" : "days"} left`)
        : one.level === "end_customer" && h("span", { class: "badge good" }, "In production"),
  ];
}

async function use(id) {
  inUse = known.get(id) ?? (await customer(id));
  $("in-use").replaceChildren(h("span", { class: "muted wide" }, "Customer: "), inUse.name, " ▾");
  $("in-use").title = inUse.name;
  $("find-label").textContent = `Find below ${inUse.name} by the beginning of a name`;
  drawSections();
  tree.reveal(inUse);
}

// ---------------------------------------------------------------- the tree

const tree = {
  // Children come a page at a time, the next one when its place is reached.
  item(one, level) {
    const holds = HOLDS.has(one.level);
    const item = h("li", { role: "treeitem", "aria-level": String(level), tabindex: "-1", "aria-selected": "false", "data-id": one.id,
      ...(holds ? { "aria-expanded": "false" } : {}), "aria-label": `${one.name}, ${spoken(one.level)}` },
      h("div", { class: "row", onclick: (event) => {
        tree.focus(item);
        if (event.target.classList.contains("twist") && holds) tree.toggle(item);
        else go("customers", one.id);
      } }, h("span", { class: "twist", "aria-hidden": "true" }, holds ? "▸" : ""), h("span", { class: "name", title: one.name }, one.name)));
    learn(one);
    return item;
  },
  draw() {
    const list = h("ul", { role: "tree", class: "tree", "aria-labelledby": "tree-title", onkeydown: tree.key });
    const top = tree.item(me.customer, 1);
    top.tabIndex = 0;
    list.append(top);
    $("tree").replaceChildren(list);
  },
  async toggle(item, open = item.getAttribute("aria-expanded") !== "true") {
    if (!item.hasAttribute("aria-expanded")) return;
    item.setAttribute("aria-expanded", String(open));
    item.querySelector(".twist").textContent = open ? "▾" : "▸";
    item.querySelector(":scope > ul")?.toggleAttribute("hidden", !open);
    if (open && !item.querySelector(":scope > ul")) {
      const group = h("ul", { role: "group" });
      item.append(group);
      await tree.more(item, group, null);
    }
  },
  async more(item, group, cursor) {
    const waiting = h("li", { role: "none" }, muted("Loading ..."));
    group.append(waiting);
    try {
      const page = await children(item.dataset.id, { cursor });
      waiting.remove();
      const level = Number(item.getAttribute("aria-level")) + 1;
      group.append(...page.customers.map((one) => tree.item(one, level)));
      if (!group.children.length) group.append(h("li", { role: "none" }, muted("Nothing below.")));
      if (page.next_cursor) {
        const next = () => { watch.disconnect(); rest.remove(); tree.more(item, group, page.next_cursor); };
        const rest = h("li", { role: "treeitem", "aria-level": String(level), tabindex: "-1" }, button("Show more", next, "quiet"));
        const watch = new IntersectionObserver(([seen]) => seen.isIntersecting && next(), { root: $("side"), rootMargin: "200px" });
        group.append(rest);
        watch.observe(rest);
      }
      if (inUse) tree.select(inUse.id);
    } catch (problem) {
      waiting.replaceChildren(h("p", { class: "error" }, problem.message), button("Try again", () => { waiting.remove(); tree.more(item, group, cursor); }));
    }
  },
  select(id) {
    for (const old of $("tree").querySelectorAll('[aria-selected="true"]')) old.setAttribute("aria-selected", "false");
    const item = $("tree").querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!item) return;
    item.setAttribute("aria-selected", "true");
    for (const old of $("tree").querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
    item.tabIndex = 0;
  },
  // Opens the ancestors of a customer, as far as the loaded pages contain it, and selects it.
  async reveal(one) {
    const ids = one.path.split("/");
    for (const id of ids.slice(ids.indexOf(me.customer.id), -1)) {
      const item = $("tree").querySelector(`[data-id="${CSS.escape(id)}"]`);
      if (!item) return;
      await tree.toggle(item, true);
    }
    if (inUse === one) tree.select(one.id);
  },
  focus(item) {
    for (const old of $("tree").querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
    item.tabIndex = 0;
    item.focus();
  },
  key(event) {
    const item = event.target.closest('[role="treeitem"]');
    if (!item || event.target.closest("button")) return;
    const all = [...$("tree").querySelectorAll('[role="treeitem"]')].filter((each) => !each.closest("[hidden]"));
    const at = all.indexOf(item);
    const open = item.getAttribute("aria-expanded");
    const moves = {
      ArrowDown: () => all[at + 1], ArrowUp: () => all[at - 1], Home: () => all[0], End: () => all.at(-1),
      ArrowRight: () => (open === "false" ? (tree.toggle(item), null) : open === "true" && item.querySelector('[role="treeitem"]')),
      ArrowLeft: () => (open === "true" ? (tree.toggle(item), null) : item.parentElement.closest('[role="treeitem"]')),
    };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (item.dataset.id) go("customers", item.dataset.id); else item.querySelector("button")?.click();
    } else if (moves[event.key]) {
      event.preventDefault();
      const next = moves[event.key]();
      if (next) tree.focus(next);
    }
  },
  async redraw(id) {
    const item = $("tree").querySelector(`[data-id="${CSS.escape(id)}"]`);
    item?.querySelector(":scope > ul")?.remove();
    if (item) await tree.toggle(item, true);
  },
};

// ---------------------------------------------------------------- frame: sections, chooser, pages

const SECTIONS = [
  ["Backup", [["dashboard", "Dashboard"]]],
  ["Management", [["customers", "Customers"], ["accounts", "Accounts"], ["trials", "Trials"], ["import", "Import", "change_customers"], ["storage-locations", "Storage locations", "support"]]],
];

function drawSections() {
  const { page } = route();
  $("sections").replaceChildren(...SECTIONS.flatMap(([title, links]) => [
    h("h2", {}, title),
    ...links.filter(([, , operation]) => !operation || may(operation)).map(([name, words]) =>
      h("a", { href: `#/${name}/${inUse.id}`, "aria-current": name === page ? "page" : null }, words)),
  ]));
}

function go(page, id = inUse.id, rest = "") {
  const wanted = `#/${page}/${id}${rest}`;
  if (location.hash === wanted) show();
  else location.hash = wanted;
  $("side").classList.remove("open");
  $("menu").setAttribute("aria-expanded", "false");
}

function route() {
  const [page, id, rest] = location.hash.slice(2).split("/");
  return { page: PAGES[page] ? page : "customers", id: id || me.customer.id, rest };
}

let turn = 0;
async function show() {
  if (!me) return;
  const mine = ++turn;
  const { page, id, rest } = route();
  const main = $("main");
  main.setAttribute("aria-busy", "true");
  main.replaceChildren(muted("Loading ..."));
  try {
    await use(id);
    const nodes = await PAGES[page](inUse, rest);
    if (mine !== turn) return;
    main.replaceChildren(...[nodes].flat().filter(Boolean));
    document.title = `${main.querySelector("h1")?.textContent ?? "Console"} - Backup customers`;
    if (document.activeElement === document.body) main.focus({ preventScroll: true });
  } catch (problem) {
    if (mine !== turn) return;
    main.replaceChildren(
      h("h1", {}, problem.status === 404 ? "Nothing is here" : "That did not work"),
      h("p", { role: "alert" }, problem.message),
      h("div", { class: "actions" }, button("Try again", show, "main"), button("To your own company", () => go("customers", me.customer.id))));
  } finally {
    if (mine === turn) main.removeAttribute("aria-busy");
  }
}

async function drawChooser() {
  const list = h("ul", { class: "choices" });
  const search = h("input", { type: "search", id: "chooser-text", autocomplete: "off", maxlength: "128" });
  const choose = (one) => h("li", {}, button([one.name, " ", h("span", { class: "muted" }, spoken(one.level))], () => { $("chooser").hidePopover(); go(route().page, one.id); }));
  const above = inUse.path.split("/").filter((id) => id !== inUse.id && me.customer.path.split("/").indexOf(id) < 0 || id === me.customer.id);
  let asked = 0;
  const draw = async () => {
    const mine = ++asked;
    try {
      const lines = search.value ? [] : await Promise.all(above.map((id) => known.get(id) ?? customer(id)));
      const below = HOLDS.has(inUse.level) ? (await children(inUse.id, { name_prefix: search.value || null, limit: 25 })).customers : [];
      if (mine !== asked) return;
      list.replaceChildren(...[...lines, ...below].map((one) => choose(learn(one))));
      if (!list.children.length) list.append(h("li", {}, muted("Nothing is found.")));
    } catch (problem) {
      list.replaceChildren(h("li", {}, h("p", { class: "error" }, problem.message)));
    }
  };
  search.addEventListener("input", later(draw));
  $("chooser").replaceChildren(
    may("change_customers") && HOLDS.has(inUse.level) && button("Add customer", () => { $("chooser").hidePopover(); go("customers", inUse.id, "/add"); }, "main"),
    h("div", { class: "field" }, h("label", { for: "chooser-text" }, `Find below ${inUse.name}`), search), list);
  await draw();
}

function later(act, ms = 300) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), ms); };
}

function table(caption, heads, rows, empty) {
  if (!rows.length) return muted(empty);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell ?? "")))))));
}

// A list that goes on: `load(cursor)` gives `[rows, next]`.
function listing(caption, heads, empty, load) {
  const box = h("div");
  let rows = [];
  const draw = async (cursor) => {
    try {
      let [more, next] = await load(cursor);
      while (!more.length && next) [more, next] = await load(next); // a page may be empty, and not be the last one
      rows = [...rows, ...more];
      box.replaceChildren(table(caption, heads, rows, empty), next ? h("div", { class: "actions" }, button("Show more", () => draw(next))) : "");
    } catch (problem) {
      const failed = h("div", {}, h("p", { class: "error", role: "alert" }, problem.message), button("Try again", () => { failed.remove(); draw(cursor); }));
      if (!rows.length) box.replaceChildren();
      box.append(failed);
    }
  };
  box.append(muted("Loading ..."));
  draw(null);
  return box;
}

const link = (one, page = "customers") => h("a", { href: `#/${page}/${one.id}` }, one.name);

function confirmed(question, words) {
  return new Promise((done) => {
    const dialog = h("dialog", { "aria-labelledby": "question", onclose: () => { done(dialog.returnValue === "yes"); dialog.remove(); } },
      h("form", { method: "dialog" }, h("h2", { id: "question" }, question),
        h("div", { class: "actions" }, h("button", { value: "yes", class: "main" }, words), h("button", { value: "no" }, "Cancel"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Does something that changes the customer, then shows it as it is.
const acts = (act) => async () => {
  try {
    await act();
  } catch (problem) {
    say([problem.message, ...problem.errors.map((each) => each.detail)].join(" "));
  }
};

// ---------------------------------------------------------------- forms

function field(name, label, control, hint) {
  control.id = `f-${name}`;
  control.name = name;
  control.setAttribute("aria-describedby", `e-${name}${hint ? ` h-${name}` : ""}`);
  return h("div", { class: "field", "data-field": name }, h("label", { for: `f-${name}` }, label), control,
    hint && h("p", { class: "hint", id: `h-${name}` }, hint), h("p", { class: "error", id: `e-${name}` }));
}

function options(values, chosen) {
  return values.map(([value, words]) => h("option", { value, selected: value === chosen }, words));
}

// Puts each error beside its field; errors without a field go to the end of the form.
function place(form, errors, only = null) {
  const beside = new Map();
  for (const each of errors) {
    const name = (each.pointer ?? each.parameter ?? "").split("/").filter(Boolean)[0] ?? "";
    beside.set(name, [...(beside.get(name) ?? []), each.detail ?? each.code]);
  }
  for (const box of form.querySelectorAll("[data-field]")) {
    const name = box.dataset.field;
    if (only && !only.has(name)) continue;
    const words = beside.get(name)?.join(" ") ?? "";
    box.querySelector(".error").textContent = words;
    const control = box.matches("fieldset") ? box : box.querySelector("input, select, textarea");
    if (words) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
    beside.delete(name);
  }
  if (!only) form.querySelector(".form-error").textContent = [...beside.values()].flat().join(" ");
  if (!only) form.querySelector('[aria-invalid="true"]')?.focus();
}

// A form whose `send(values)` may be refused; the refusal's errors stand beside their fields.
function form(title, fields, words, send, after = []) {
  const submit = h("button", { type: "submit", class: "main" }, words);
  const node = h("form", { class: "card", novalidate: true, "aria-label": title, onsubmit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await send(node);
    } catch (problem) {
      place(node, problem.errors.length ? problem.errors : [{ detail: problem.message }]);
      if (problem.errors.length && !node.querySelector('[aria-invalid="true"]')) node.querySelector(".form-error").textContent ||= problem.message;
    } finally {
      submit.disabled = false;
    }
  } }, fields, h("p", { class: "error form-error", role: "alert" }), h("div", { class: "actions" }, submit, after));
  return node;
}

// ---------------------------------------------------------------- pages

async function customersPage(one, rest) {
  if (rest === "add") return addPage(one);
  if (rest === "history") return historyPage(one);
  if (rest === "edit") return editPage(one);
  one = inUse = await customer(one.id);
  const parent = one.parent_id && one.id !== me.customer.id ? known.get(one.parent_id) ?? (await customer(one.parent_id)) : null;
  const changes = may("change_customers") && !one.archive;
  const own = one.id === me.customer.id;
  const version = { headers: { "If-Match": `"${one.version}"` } };
  const again = async () => { known.delete(one.id); await show(); };
  return [
    h("div", { class: "head" }, h("h1", {}, one.name), ...badges(one)),
    h("div", { class: "actions" },
      changes && HOLDS.has(one.level) && button("Add customer", () => go("customers", one.id, "/add"), "main"),
      changes && button("Edit", () => go("customers", one.id, "/edit")),
      button("History", () => go("customers", one.id, "/history")),
      changes && one.state === "in_trial" && one.level === "end_customer" && button("End the trial", acts(async () => {
        if (!(await confirmed(`End the trial of ${one.name} now? It is invoiced from this moment on, and there is no way back.`, "End the trial"))) return;
        await api("POST", `/customers/${one.id}/production`, version);
        say("The trial is over; the customer is in production.");
        await again();
      })),
      changes && !own && one.level !== "root" && button("Archive", acts(async () => {
        if (!(await confirmed(`Archive ${one.name}? It can be restored for 30 days.`, "Archive"))) return;
        await api("DELETE", `/customers/${one.id}`, version);
        say("The customer is archived.");
        await again();
        await tree.redraw(one.parent_id);
      }), "bad"),
      may("change_customers") && one.archive && button("Restore", acts(async () => {
        await api("POST", `/customers/${one.id}/restore`, version);
        say("The customer is back.");
        await again();
        await tree.redraw(one.parent_id);
      }), "main")),
    nextSteps(one, changes),
    h("h2", {}, "Details"),
    h("dl", {},
      [
        ["Parent customer", parent ? link(parent) : one.parent_id ? "Above your company" : "None"],
        ["Service type", one.service_type && spoken(one.service_type)],
        ["Service types to provide", one.services_to_provide.map(spoken).join(", ") || "None"],
        ["Device country", one.device_country.name],
        ["Storage location", `${one.storage_location.name} (${{ hosted: "set by the device country", chosen: "chosen", support: "changed by support" }[one.storage_location.decided]})`],
        one.trial && ["Trial", [time(one.trial.started_at), " to ", time(one.trial.ends_at)]],
        one.production_since && ["In production since", time(one.production_since)],
        one.archive && ["Removed", time(one.archive.removed_at)],
        Object.keys(one.references).length && ["References", Object.entries(one.references).map(([system, value]) => `${system}: ${value}`).join(", ")],
        ["Id", one.id],
      ].filter(Boolean).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    HOLDS.has(one.level) && h("h2", {}, "Customers below"),
    HOLDS.has(one.level) && listing(`Customers below ${one.name}`, ["Name", "Level", "State", "Storage location"], "This customer has no children yet.", async (cursor) => {
      const page = await children(one.id, { cursor, limit: 25 });
      return [page.customers.map((each) => [link(learn(each)), spoken(each.level), badges(each)[1] || "", each.storage_location.name]), page.next_cursor];
    }),
  ];
}

function nextSteps(one, changes, title = "Next steps") {
  if (one.archive || !(may("change_accounts") || may("change_test_devices") || changes)) return null;
  return h("section", { "aria-label": title }, h("h2", {}, title), h("div", { class: "actions" },
    may("change_accounts") && button("Add an account", () => go("accounts", one.id, "/add")),
    may("change_test_devices") && button("Add a test device", () => go("dashboard", one.id, "/add")),
    button("Check the storage location", () => go("dashboard", one.id, "/check"))));
}

async function addPage(one) {
  const above = (id) => known.get(id) ?? customer(id);
  const mine = me.customer.path.split("/");
  const path = await Promise.all(one.path.split("/").slice(mine.length - 1).map(above));
  const below = HOLDS.has(one.level) ? (await children(one.id)).customers.map(learn) : [];
  const parents = [...path, ...below].filter((each) => HOLDS.has(each.level) && !each.archive);
  const key = crypto.randomUUID(); // one for this form, however often it is sent
  const body = h("div");
  const will = h("div", { class: "preview", role: "status", hidden: true });
  const touched = new Set();
  let offered = null;

  const values = (node) => {
    const level = offered.levels.find((each) => each.level === node.elements.level.value) ?? offered.levels[0];
    const found = { parent_id: node.elements.parent_id.value, name: node.elements.name.value };
    if (level.fields.level.rule === "required" || node.elements.level.value) found.level = node.elements.level.value || null;
    if (node.elements.service_type) found.service_type = node.elements.service_type.value || null;
    if (node.querySelector('[data-field="services_to_provide"]')) found.services_to_provide = [...node.querySelectorAll('[name="services_to_provide"]:checked')].map((box) => box.value);
    found.device_country = node.elements.device_country.value || null;
    if (!node.elements.storage_location.disabled) found.storage_location = node.elements.storage_location.value || null;
    if (node.elements.in_trial?.checked) found.in_trial = true;
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value != null));
  };

  const preview = later(async () => {
    try {
      const made = await api("POST", "/customers", { query: { validate_only: true }, body: values(node) });
      place(node, [], touched);
      will.replaceChildren(h("p", {}, h("strong", {}, "What will happen: "),
        `${made.name} is added as ${spoken(made.level)}. Its data is stored in ${made.storage_location.name}`,
        made.trial ? [", and its trial ends on ", time(made.trial.ends_at), ". It is not invoiced until then."] : "."));
      will.hidden = false;
    } catch (problem) {
      will.hidden = true;
      place(node, problem.errors, touched);
    }
  });

  const draw = async (parentId, level) => {
    offered = await api("GET", `/customers/${parentId}/options`);
    const chosen = offered.levels.find((each) => each.level === level) ?? (offered.levels.length === 1 ? offered.levels[0] : null);
    const fields = chosen?.fields ?? offered.levels[0]?.fields ?? {};
    const locked = offered.levels.length === 1;
    const levelBox = h("select", { disabled: locked }, !locked && h("option", { value: "" }, "Choose a level"), options(offered.levels.map((each) => [each.level, spoken(each.level)]), chosen?.level));
    levelBox.addEventListener("change", () => draw(parentId, levelBox.value));
    const before = node && Object.fromEntries([...node.elements].filter((each) => each.name && each.type !== "checkbox").map((each) => [each.name, each.value]));
    const country = h("select", {}, h("option", { value: "" }, "Choose a country"), options(offered.device_countries.map((each) => [each.code, each.name]), before?.device_country));
    const location = h("select");
    const locate = () => {
      const of = offered.device_countries.find((each) => each.code === country.value);
      const set = of?.storage_location;
      location.disabled = !of || Boolean(set);
      location.replaceChildren(...(set ? options([[set, of.name]], set)
        : [h("option", { value: "" }, of ? "Choose a storage location" : "Set by the device country, or chosen"), ...options(of ? offered.storage_locations.map((each) => [each.code, each.name]) : [])]));
      body.querySelector("#h-storage_location")?.replaceChildren(set ? "Set by the device country." : of ? "We host no storage in this country: choose where the data is stored." : "");
    };
    country.addEventListener("change", locate);
    const name = h("input", { maxlength: String(fields.name?.max_length ?? 128), autocomplete: "off", required: true, value: before?.name ?? "" });
    const parent = h("select", {}, options(parents.map((each) => [each.id, each.name]), parentId));
    parent.addEventListener("change", () => draw(parent.value, null));
    const rule = (which) => fields[which]?.rule ?? "refused";
    const services = fields.services_to_provide?.values ?? [];
    body.replaceChildren(
      field("name", "Name", name, "As you want it to show on the dashboard."),
      field("parent_id", "Parent customer", parent),
      field("level", "Customer level", levelBox, locked ? "Set by the parent customer." : ""),
      ...(rule("service_type") === "refused" ? [] : [field("service_type", "Service type for customer", h("select", {}, h("option", { value: "" }, "Choose a service type"), options((fields.service_type.values ?? []).map((each) => [each, spoken(each)]), before?.service_type)))]),
      ...(rule("services_to_provide") === "refused" || !chosen ? [] : [h("fieldset", { "data-field": "services_to_provide", tabindex: "-1" }, h("legend", {}, "Service type to provide"),
        services.map((each) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "services_to_provide", value: each }), spoken(each))), h("p", { class: "error" }))]),
      field("device_country", "Device country", country),
      field("storage_location", "Data storage location", location, " "),
      ...(rule("in_trial") === "refused" || !chosen ? [] : [h("div", { class: "field", "data-field": "in_trial" }, h("label", { class: "check" }, h("input", { type: "checkbox", name: "in_trial" }), "In trial"), h("p", { class: "hint" }, "30 days that are not invoiced; then it goes into production by itself."), h("p", { class: "error" }))]));
    locate();
  };

  const node = form("Add customer", [body, will], "Save", async (made) => {
    const added = learn(await api("POST", "/customers", { body: values(made), headers: { "Idempotency-Key": key } }));
    await tree.redraw(added.parent_id);
    const left = daysLeft(added);
    $("main").replaceChildren(
      h("h1", { tabindex: "-1", id: "added" }, `${added.name} is added`),
      h("p", {}, `${spoken(added.level)}, stored in ${added.storage_location.name}${left != null ? `, on trial for ${left} days` : ""}.`),
      nextSteps(added, true) ?? "",
      h("div", { class: "actions" }, button(`Open ${added.name}`, () => go("customers", added.id)), button("Add another customer", () => show())));
    $("added").focus();
  }, button("Cancel", () => go("customers", one.id)));
  node.addEventListener("change", (event) => { touched.add(event.target.name || event.target.closest("[data-field]")?.dataset.field); preview(); });
  node.addEventListener("input", (event) => event.target.name === "name" && preview());
  await draw(HOLDS.has(one.level) ? one.id : one.parent_id, null);
  return [h("h1", {}, "Add customer"), offered.may_add ? node : muted("Your role does not allow adding customers. Ask an administrator of your company.")];
}

async function editPage(one) {
  one = await customer(one.id);
  const offered = await api("GET", `/customers/${one.id}/options`);
  const services = ["all_inclusive", "software_only"].filter(() => one.services_to_provide.length && one.level !== "root");
  const node = form("Edit", [
    field("name", "Name", h("input", { value: one.name, maxlength: "128" })),
    field("device_country", "Device country", h("select", {}, options(offered.device_countries.map((each) => [each.code, each.name]), one.device_country.code)), `The storage location stays ${one.storage_location.name}, whatever the country. Contact support to change it.`),
    services.length > 0 && h("fieldset", { "data-field": "services_to_provide", tabindex: "-1" }, h("legend", {}, "Service type to provide"),
      services.map((each) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "services_to_provide", value: each, checked: one.services_to_provide.includes(each) }), spoken(each))), h("p", { class: "error" })),
  ], "Save", async (made) => {
    const body = { name: made.elements.name.value, device_country: made.elements.device_country.value };
    if (services.length) body.services_to_provide = [...made.querySelectorAll('[name="services_to_provide"]:checked')].map((box) => box.value);
    const changed = await api("PATCH", `/customers/${one.id}`, { body, headers: { "If-Match": `"${one.version}"` } });
    known.delete(one.id);
    say(["Saved.", ...changed.notices.map((each) => each.detail)].join(" "));
    if (one.parent_id) await tree.redraw(one.parent_id);
    go("customers", one.id);
  }, button("Cancel", () => go("customers", one.id)));
  return [h("h1", {}, `Edit ${one.name}`), node];
}

const EVENTS = {
  customer_added: "Added", customer_changed: "Changed", storage_location_changed: "Storage location changed by support", customer_archived: "Archived",
  customer_restored: "Restored", trial_ending: "Reminder sent", customer_entered_production: "Entered production",
};
const worded = (value) => value == null ? "nothing" : typeof value === "object" ? (Array.isArray(value) ? value.map(spoken).join(", ") : Object.entries(value).map((pair) => pair.join(": ")).join(", ") || "nothing") : spoken(String(value));

function historyPage(one) {
  return [h("h1", {}, `History of ${one.name}`),
    listing(`Changes of ${one.name}`, ["When", "What", "By", "From and to"], "Nothing has happened yet.", async (cursor) => {
      const page = await api("GET", `/customers/${one.id}/history`, { query: { cursor } });
      return [page.entries.map((each) => [time(each.at), EVENTS[each.event] ?? each.event, each.by === "schedule" ? "The schedule" : each.by === me.account.id ? "You" : each.by,
        h("ul", { class: "choices" }, Object.entries(each.changes).map(([name, { from, to }]) => h("li", {}, `${name.replaceAll("_", " ")}: ${from == null ? "" : `${worded(from)} → `}${worded(to)}`)), each.reason && h("li", {}, `Why: ${each.reason}`))]), page.next_cursor];
    }),
    h("div", { class: "actions" }, button("Back", () => go("customers", one.id)))];
}

async function dashboardPage(one, rest) {
  if (rest === "add") return devicePage(one);
  const { views, columns: all } = await api("GET", "/views");
  const state = { view: rest === "check" ? null : views.find((each) => each.name === dashboardPage.view)?.name ?? "default", columns: null };
  state.columns = state.view ? views.find((each) => each.name === state.view).columns : ["name", "customer", "country", "expected_storage_location", "storage_location", "matches"];
  const box = h("div");
  const draw = () => {
    if (!state.columns.length) return box.replaceChildren(muted("Choose at least one column."));
    box.replaceChildren(listing(`Devices of ${one.name} and all below it`, state.columns.map((name) => all.find((each) => each.name === name).title), "No device is here yet. Add a test device to see where data really lands.", async (cursor) => {
      const page = await api("GET", `/customers/${one.id}/devices`, { query: { columns: state.columns.join(","), cursor } });
      return [page.rows.map((row) => Object.entries(row).map(([name, value]) => typeof value === "boolean" ? (value ? "Yes" : "No") : /_at$/.test(name) && value ? time(value) : spoken(value ?? ""))), page.next_cursor];
    }));
  };
  const boxes = all.map((each) => h("label", { class: "check" }, h("input", { type: "checkbox", value: each.name, checked: state.columns.includes(each.name), onchange: (event) => {
    state.columns = event.target.checked ? [...state.columns, each.name] : state.columns.filter((name) => name !== each.name);
    draw();
  } }), each.title));
  const saving = form("Save this view", [field("name", "Name of the view", h("input", { maxlength: "64", value: state.view ?? "" }))], "Save view", async (node) => {
    const name = node.elements.name.value.trim();
    await api("PUT", `/views/${encodeURIComponent(name)}`, { body: { columns: state.columns } });
    dashboardPage.view = name;
    say("The view is saved.");
    go("dashboard", one.id);
  });
  const view = h("select", { id: "view", onchange: (event) => { dashboardPage.view = event.target.value; go("dashboard", one.id); } }, state.view == null && h("option", { value: "" }, "Storage check"), options(views.map((each) => [each.name, each.name]), state.view));
  const drift = h("div");
  draw();
  if (rest === "check") drift.append(h("h2", {}, "Whose data lands elsewhere today"), listing("By today's routing", ["Customer", "Expected", "Data lands in"], "All data lands where it should.", async (cursor) => {
    const page = await api("GET", `/customers/${one.id}/storage-check`, { query: { cursor } });
    return [page.drift.map((each) => [h("a", { href: `#/customers/${each.customer_id}` }, each.name), each.expected.name, each.actual?.name ?? "Unknown"]), page.next_cursor];
  }));
  return [
    h("h1", {}, rest === "check" ? `Storage location of ${one.name}` : "Dashboard"),
    rest === "check" && h("p", {}, `The storage location is ${one.storage_location.name}. Compare the column Storage location of a test device with it.`),
    h("div", { class: "actions" }, may("change_test_devices") && !one.archive && button("Add a test device", () => go("dashboard", one.id, "/add"), "main"), h("label", { for: "view" }, "View"), view,
      state.view && state.view !== "default" && button("Remove this view", acts(async () => { await api("DELETE", `/views/${encodeURIComponent(state.view)}`); dashboardPage.view = "default"; await show(); }))),
    box, drift,
    h("details", {}, h("summary", {}, "Columns"), h("fieldset", {}, h("legend", {}, "Columns to show"), h("div", { class: "columns" }, boxes)), saving),
  ];
}

function devicePage(one) {
  const key = crypto.randomUUID();
  return [h("h1", {}, `Add a test device to ${one.name}`), h("p", {}, "It shows where the data of this customer really lands. It is never invoiced."),
    form("Add a test device", [field("name", "Name", h("input", { maxlength: "128", value: "Test device" }))], "Add", async (node) => {
      const made = await api("POST", `/customers/${one.id}/test-devices`, { body: { name: node.elements.name.value }, headers: { "Idempotency-Key": key } });
      $("main").replaceChildren(h("h1", { tabindex: "-1", id: "added" }, `${made.name} is added`),
        h("p", {}, h("span", { class: `badge ${made.matches ? "good" : "bad"}` }, made.matches ? "As it should be" : "Not as it should be"), ` Expected in ${made.expected.name}; its data lands in ${made.actual?.name ?? "a place that is not known"}.`),
        h("p", {}, "Installation token, shown this once:"), h("p", { class: "secret" }, made.installation_token),
        h("div", { class: "actions" }, button("Check the storage location", () => go("dashboard", one.id, "/check"), "main"), button("To the dashboard", () => go("dashboard", one.id))));
      $("added").focus();
    }, button("Cancel", () => go("customers", one.id)))];
}

function accountsPage(one, rest) {
  if (rest === "add") return accountPage(one);
  const version = (each) => ({ headers: { "If-Match": `"${each.version}"` } });
  const changing = (each, body) => acts(async () => { await api("PATCH", `/accounts/${each.id}`, { body, ...version(each) }); say("The account is changed."); await show(); });
  return [h("h1", {}, `Accounts of ${one.name}`),
    h("div", { class: "actions" }, may("change_accounts") && !one.archive && button("Add an account", () => go("accounts", one.id, "/add"), "main")),
    listing(`Accounts of ${one.name}`, ["Name", "E-mail", "Role", "Status", ...(may("change_accounts") ? ["Actions"] : [])], "No accounts yet.", async (cursor) => {
      const page = await api("GET", "/accounts", { query: { customer_id: one.id, cursor } });
      return [page.accounts.map((each) => [each.display_name, each.email ?? "A machine", each.role.replace("_", " "), each.status,
        ...(may("change_accounts") ? [each.id === me.account.id ? "You" : h("div", { class: "actions" },
          button(each.status === "disabled" ? "Enable" : "Disable", changing(each, { disabled: each.status !== "disabled" })),
          button("Remove", acts(async () => {
            if (!(await confirmed(`Remove the account of ${each.display_name}?`, "Remove"))) return;
            await api("DELETE", `/accounts/${each.id}`, version(each));
            say("The account is removed.");
            await show();
          }), "bad"))] : [])]), page.next_cursor];
    })];
}

const ROLES = ["supporter", "operator", "manager", "administrator", "super_user"];
function accountPage(one) {
  const key = crypto.randomUUID();
  return [h("h1", {}, `Add an account at ${one.name}`), h("p", {}, "Create all accounts yourself, or one administrator, who creates the rest."),
    form("Add an account", [
      field("display_name", "Name", h("input", { maxlength: "128", autocomplete: "off" })),
      field("email", "E-mail address", h("input", { type: "email", autocomplete: "off" }), "An invitation is sent there."),
      field("role", "Role", h("select", {}, options(ROLES.map((each) => [each, each.replace("_", " ")]), "administrator"))),
    ], "Invite", async (node) => {
      const body = { display_name: node.elements.display_name.value, email: node.elements.email.value, role: node.elements.role.value };
      await api("POST", `/customers/${one.id}/accounts`, { body, headers: { "Idempotency-Key": key } });
      say("The person is invited.");
      go("accounts", one.id);
    }, button("Cancel", () => go("customers", one.id)))];
}

function trialsPage(one) {
  return [h("h1", {}, `Trials of ${one.name} and all below it`),
    listing("Active trials", ["Customer", "State", "Ends"], "No active trials.", async (cursor) => {
      const page = await api("GET", "/customers", { query: { within: one.id, level: "end_customer", state: "in_trial", cursor } });
      return [page.customers.map((each) => [link(learn(each)), badges(each)[1], time(each.trial.ends_at)]), page.next_cursor];
    })];
}

async function storagePage() {
  if (!may("support")) return [h("h1", {}, "Storage locations"), muted("Only support sees and changes these.")];
  const found = await api("GET", "/storage-locations");
  const rows = found.locations.map((each) => ({ country: each.code, name: each.name, routed_to: each.routed_to.code }));
  const choose = (row) => h("select", { "aria-label": `Data of ${row.name} lands in`, onchange: (event) => { row.routed_to = event.target.value; } }, options(rows.map((each) => [each.country, each.name]), row.routed_to));
  return [h("h1", {}, "Storage locations"), h("p", {}, `Version ${found.version} is in force since `, time(found.created_at), ". A new version never moves a customer."),
    form("Storage locations", [h("div", { "data-field": "locations" }, table("Where data lands", ["Storage location", "Data lands in"], rows.map((row) => [row.name, choose(row)]), "None."), h("p", { class: "error" }))], "Put the next version in force", async () => {
      await api("PUT", "/storage-locations", { body: { locations: rows.map(({ country, routed_to }) => ({ country, routed_to })) }, headers: { "If-Match": `"${found.version}"` } });
      say("The next version is in force.");
      await show();
    })];
}

function importPage(one) {
  const box = h("div");
  const file = h("input", { type: "file", accept: ".csv,.jsonl,.ndjson" });
  const encoding = h("select", {}, options([["", "Unicode (UTF-8 or UTF-16)"], ["windows-1252", "Western European (Windows-1252)"], ["windows-1250", "Central European (Windows-1250)"], ["windows-1251", "Cyrillic (Windows-1251)"], ["iso-8859-15", "Western European (ISO 8859-15)"], ["macintosh", "Western European (Mac)"], ["shift_jis", "Japanese (Shift JIS)"]]));
  const watch = async (found) => {
    const bar = h("progress", { max: found.rows, value: found.rows_done, "aria-label": "Rows that are done" });
    const words = h("p", { role: "status" });
    box.replaceChildren(bar, words);
    while (found.state !== "done") {
      if (!box.isConnected) return;
      bar.value = found.rows_done;
      words.textContent = `${found.rows_done} of ${found.rows} rows are done.`;
      await sleep(700);
      found = await api("GET", `/imports/${found.id}`, { query: { limit: 1 } });
    }
    bar.value = found.rows;
    words.textContent = [`${found.created} created, ${found.existed} existed, ${found.refused} refused.`, ...found.notices.map((notice) => notice.detail)].join(" ");
    box.append(results("Results by row", (cursor) => api("GET", `/imports/${found.id}`, { query: { cursor } })));
    await tree.redraw(one.id);
  };
  const results = (caption, load) => listing(caption, ["Row", "Result", "Customer", "Why"], "Every row would be created.", async (cursor) => {
    const page = await load(cursor);
    return [page.results.map((each) => [String(each.row), each.status, each.customer_id ? h("a", { href: `#/customers/${each.customer_id}` }, each.customer_id) : "", each.errors.map((error) => error.detail).join(" ")]), page.next_cursor];
  });
  const send = async (dry) => {
    const given = file.files[0];
    if (!given) throw new Problem(0, { errors: [{ pointer: "/file", detail: "Choose a file." }] });
    const content = await given.arrayBuffer();
    const digest = await crypto.subtle.digest("SHA-256", content);
    const csv = /\.csv$/i.test(given.name);
    const key = [...new Uint8Array(digest)].map((each) => each.toString(16).padStart(2, "0")).join("") + (csv ? encoding.value : "");
    // A CSV file is sent as bytes: the service decodes it, or says that the encoding is wrong.
    const media = csv ? "application/octet-stream" : "application/jsonl";
    const query = { ...(dry ? { validate_only: true } : {}), ...(csv && encoding.value ? { encoding: encoding.value } : {}) };
    // An interrupted import resumes. After one that is done, the same file tries its rejected rows again.
    let found, attempt = 0;
    do {
      const headers = { "Idempotency-Key": attempt ? `${key}-${attempt}` : key };
      found = await api("POST", "/imports", { file: content, media, query, headers });
      attempt += 1;
    } while (found.state === "done");
    if (found.id && !dry) return watch(found).catch((problem) => box.append(h("p", { class: "error", role: "alert" }, problem.message)));
    box.replaceChildren(h("p", { role: "status" }, [`${found.created} would be created, ${found.existed} exist, ${found.refused} would be refused.`, ...found.notices.map((notice) => notice.detail)].join(" ")), results("Results of the dry run", async () => found));
  };
  const node = form("Import customers", [
    field("file", "File", file, "CSV or JSON lines, up to 10,000 rows. Importing the same file again creates nothing twice."),
    field("encoding", "Encoding", encoding, "Of a CSV file. Excel saves UTF-8 if you choose the type CSV UTF-8."),
  ], "Import", () => send(false), button("Try it first", async () => { place(node, []); await send(true).catch((problem) => place(node, problem.errors.length ? problem.errors : [{ detail: problem.message }])); }));
  return [h("h1", {}, "Import customers"), may("change_customers") ? node : muted("Your role does not allow adding customers."), box];
}

const PAGES = { customers: customersPage, dashboard: dashboardPage, accounts: accountsPage, trials: trialsPage, import: importPage, "storage-locations": storagePage };

// ---------------------------------------------------------------- beginning

async function begin() {
  try {
    me = await api("GET", "/me");
  } catch (problem) {
    if (problem.status === 401) return;
    $("main").replaceChildren(h("h1", {}, "That did not work"), h("p", { role: "alert" }, problem.message), h("div", { class: "actions" }, button("Try again", begin, "main"), button("Sign out", signOut)));
    return;
  }
  learn(me.customer);
  document.querySelector(".top").hidden = $("side").hidden = false;
  $("who").textContent = `${me.account.display_name}, ${me.account.role.replace("_", " ")}`;
  inUse = me.customer;
  tree.draw();
  await show();
  tree.toggle($("tree").querySelector("li"), true);
}

async function signOut() {
  me = inUse = null;
  known.clear();
  history.replaceState(null, "", location.pathname);
  await signIn("You are signed out.");
  await begin();
}

const found = later(async () => {
  const prefix = $("find-text").value;
  if (!prefix) return tree.draw(), tree.toggle($("tree").querySelector("li"), true);
  try {
    const page = await children(inUse.id, { name_prefix: prefix });
    const list = h("ul", { role: "tree", class: "tree", "aria-labelledby": "tree-title", onkeydown: tree.key }, page.customers.map((one) => tree.item(one, 1)));
    if (list.firstChild) list.firstChild.tabIndex = 0;
    $("tree").replaceChildren(page.customers.length ? list : muted(`No customer below ${inUse.name} begins so.`));
  } catch (problem) {
    $("tree").replaceChildren(h("p", { class: "error" }, problem.message));
  }
});

addEventListener("hashchange", () => { $("main").focus({ preventScroll: true }); show(); });
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
$("sign-out").addEventListener("click", signOut);
$("find").addEventListener("submit", (event) => event.preventDefault());
$("find-text").addEventListener("input", found);
$("menu").addEventListener("click", () => $("menu").setAttribute("aria-expanded", String($("side").classList.toggle("open"))));
$("chooser").addEventListener("toggle", (event) => event.newState === "open" && drawChooser());

if (!(await refresh().catch(() => false))) await signIn();
await begin();
