// A combobox: typing filters, arrows move, Enter chooses, Escape closes. Text that was typed is never cleared.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import * as t from "../messages.en";
import type { Control } from "./form";
import { Icon } from "./icon";
import { fold } from "./rows";

export interface Option {
  value: string;
  text: string;
  /** What choosing it means, at the right. */
  hint?: ComponentChildren;
  warn?: boolean;
  group?: string;
  /** More text that finds the option. */
  also?: string;
}

interface Props {
  control: Control;
  options: readonly Option[];
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  /** Called with what is typed, for options that are read from the service. */
  onSearch?: (text: string) => void;
  loading?: boolean;
}

const MOST = 100;

export function Combobox({ control, options, value, onChange, placeholder, onSearch, loading }: Props) {
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  /** What the user types. Null while nothing is typed: then the chosen option is shown. */
  const [typed, setTyped] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const chosen = options.find((each) => each.value === value);
  const wanted = fold(typed ?? "");
  const found = (wanted ? options.filter((each) => fold(`${each.text} ${each.also ?? ""}`).includes(wanted)) : options)
    .map((each) => ({ each, rank: wanted && !fold(each.text).startsWith(wanted) ? 1 : 0 }))
    .sort((a, b) => (wanted ? a.rank - b.rank : 0))
    .slice(0, MOST)
    .map(({ each }) => each);

  useEffect(() => {
    const of = panel.current;
    if (!of || !open) {
      if (of?.matches(":popover-open")) of.hidePopover();
      return;
    }
    if (!of.matches(":popover-open")) of.showPopover();
    const put = () => {
      const box = input.current?.getBoundingClientRect();
      if (!box) return;
      const below = innerHeight - box.bottom - 12;
      const up = below < 200 && box.top > below;
      of.style.width = `${box.width}px`;
      of.style.left = `${box.left}px`;
      of.style.maxHeight = `${Math.min(320, up ? box.top - 12 : below)}px`;
      of.style.top = up ? "auto" : `${box.bottom + 4}px`;
      of.style.bottom = up ? `${innerHeight - box.top + 4}px` : "auto";
    };
    put();
    addEventListener("scroll", put, true);
    addEventListener("resize", put);
    return () => {
      removeEventListener("scroll", put, true);
      removeEventListener("resize", put);
    };
  }, [open]);
  useEffect(() => {
    if (open) panel.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at, open]);

  const show = () => {
    setOpen(true);
    setAt(
      Math.max(
        0,
        found.findIndex((each) => each.value === value),
      ),
    );
  };
  const choose = (option: Option | undefined) => {
    if (!option) return;
    onChange(option.value);
    setTyped(null);
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return show();
      const by = event.key === "ArrowDown" ? 1 : -1;
      setAt((found.length + at + by) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (open) choose(found[at]);
      else show();
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  const leave = () => {
    setOpen(false);
    // A text that names one option is that option. Another text stays, so that the user can correct it.
    const exact =
      typed === null
        ? undefined
        : (found.find((each) => fold(each.text) === wanted) ?? (wanted && found.length === 1 ? found[0] : undefined));
    if (exact) choose(exact);
    else if (typed !== null && value) onChange("");
    if (typed === "") setTyped(null);
  };

  return (
    <div class="combo">
      <input
        {...control}
        ref={input}
        class="input"
        role="combobox"
        autocomplete="off"
        aria-expanded={open}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={open && found[at] ? `${list}-${at}` : undefined}
        placeholder={placeholder}
        value={typed ?? chosen?.text ?? ""}
        onClick={() => (open ? setOpen(false) : show())}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
          setOpen(true);
          onSearch?.(event.currentTarget.value);
        }}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={onKeyDown}
        onBlur={leave}
      />
      <Icon name="choose" />
      <div
        ref={panel}
        id={list}
        popover="manual"
        class="panel options"
        role="listbox"
        aria-labelledby={`l-${control.id.slice(2)}`}
        onMouseDown={(event) => event.preventDefault()}
      >
        {open &&
          found.map((each, index) => (
            <OptionRow
              key={each.value}
              id={`${list}-${index}`}
              option={each}
              head={each.group && each.group !== found[index - 1]?.group && !wanted ? each.group : ""}
              active={index === at}
              chosen={each.value === value}
              choose={() => choose(each)}
            />
          ))}
        {open && found.length === 0 && (
          <div class="option none" role="option" aria-disabled="true" aria-selected={false}>
            {loading ? t.loading : t.noOption(typed ?? "")}
          </div>
        )}
      </div>
    </div>
  );
}

function OptionRow({
  id,
  option,
  head,
  active,
  chosen,
  choose,
}: {
  id: string;
  option: Option;
  head: string;
  active: boolean;
  chosen: boolean;
  choose: () => void;
}) {
  return (
    <>
      {head && (
        <div class="option-group" role="presentation">
          {head}
        </div>
      )}
      <div
        id={id}
        class="option"
        role="option"
        tabIndex={-1}
        aria-selected={chosen}
        data-active={active}
        onClick={choose}
      >
        {chosen ? <Icon name="check" /> : <span class="icon" />}
        <span class="option-text">{option.text}</span>
        {option.hint && <span class={`option-hint ${option.warn ? "warn-text" : ""}`}>{option.hint}</span>}
      </div>
    </>
  );
}
