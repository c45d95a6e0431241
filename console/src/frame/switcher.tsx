// The guide's customer dropdown at the top of the page: find a customer, or add one.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Customer } from "../api/types";
import { canHold, levelName } from "../levels";
import * as t from "../messages.en";
import { go, href, hrefLike, route } from "../route";
import { children, customerList, known, me, useList } from "../store";
import { LinkButton } from "../ui/basics";
import { Icon } from "../ui/icon";
import { Popover } from "../ui/popover";
import { pathOf } from "./frame";

export function Switcher({ customer, addBelow }: { customer: Customer; addBelow: boolean }) {
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).matches("input, textarea, select, [contenteditable]");
      if (!(event.key === "/" && !typing) && !(event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)))
        return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      document.querySelector<HTMLElement>("#in-use > button")?.click();
    };
    addEventListener("keydown", open);
    return () => removeEventListener("keydown", open);
  }, []);
  return (
    <span id="in-use">
      <Popover
        title={t.chooseCustomer}
        buttonClass="button in-use"
        panelClass="switcher"
        button={
          <>
            <span class="in-use-name" title={customer.name}>
              {customer.name}
            </span>
            <Icon name="choose" />
          </>
        }
      >
        {(close) => <Panel customer={customer} addBelow={addBelow} close={close} />}
      </Popover>
    </span>
  );
}

function Panel({ customer, addBelow, close }: { customer: Customer; addBelow: boolean; close: () => void }) {
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), 200);
    return () => clearTimeout(timer);
  }, [text]);
  const of = canHold(customer.level) ? customer.id : (customer.parent_id ?? me.value?.customer.id ?? customer.id);
  const list = wanted ? customerList({ parent_id: of, name_prefix: wanted }) : children(of);
  const { rows, ready, error } = useList(list, 1);
  const above = wanted ? [] : pathOf(customer).flatMap((id) => known(id) ?? []);
  const all = [...above, ...rows.filter((each) => !above.includes(each)).slice(0, 50)];
  const { page } = route.value;
  const open = (one: Customer | undefined) => {
    if (!one) return;
    close();
    go(hrefLike(page, one.id));
  };
  useEffect(() => panel.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: "nearest" }), [at]);
  return (
    <div ref={panel}>
      <label class="find">
        <Icon name="search" />
        <span class="sr">{t.findBelow(known(of)?.name ?? customer.name)}</span>
        <input
          data-first
          class="input"
          type="text"
          role="combobox"
          aria-expanded={true}
          aria-controls="switcher-list"
          aria-autocomplete="list"
          aria-activedescendant={all[at] ? `switch-${at}` : undefined}
          placeholder={t.findBelow(known(of)?.name ?? customer.name)}
          maxLength={128}
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (by) {
              event.preventDefault();
              setAt((all.length + at + by) % Math.max(1, all.length));
            }
            if (event.key === "Enter") {
              event.preventDefault();
              open(all[at]);
            }
          }}
        />
      </label>
      <div id="switcher-list" class="options" role="listbox" aria-label={t.chooseCustomer}>
        {all.map((each, index) => (
          <div
            key={each.id}
            id={`switch-${index}`}
            class="option"
            role="option"
            tabIndex={-1}
            aria-selected={each.id === customer.id}
            data-active={index === at}
            onClick={() => open(each)}
          >
            <Icon name="customers" />
            <span class="option-text">{each.name}</span>
            <span class="option-hint">{levelName(each.level)}</span>
          </div>
        ))}
        {ready && all.length === 0 && (
          <div class="option none" role="option" aria-disabled="true" aria-selected={false}>
            {t.noOption(wanted)}
          </div>
        )}
        {error && (
          <div class="option none" role="option" aria-disabled="true" aria-selected={false}>
            {t.failed}
          </div>
        )}
      </div>
      {addBelow && (
        <div class="panel-foot">
          <LinkButton kind="primary" icon="add" href={href("customers", customer.id, "add")}>
            {t.addCustomer}
          </LinkButton>
        </div>
      )}
    </div>
  );
}
