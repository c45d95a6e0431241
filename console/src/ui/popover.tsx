// A panel below a button, and a menu in it. The browser closes it on Escape and on a click elsewhere.
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

interface PopoverProps {
  /** The content of the button. */
  button: ComponentChildren;
  buttonClass?: string;
  label?: string;
  /** The name of the panel. */
  title: string;
  menu?: boolean;
  end?: boolean;
  panelClass?: string;
  children: (close: () => void) => ComponentChildren;
}

export function Popover({
  button,
  buttonClass = "button",
  label,
  title,
  menu,
  end,
  panelClass = "",
  children,
}: PopoverProps) {
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = () => panel.current?.hidePopover();

  const put = () => {
    const box = trigger.current?.getBoundingClientRect();
    const of = panel.current;
    if (!box || !of) return;
    const left = end ? box.right - of.offsetWidth : box.left;
    of.style.left = `${Math.max(8, Math.min(left, innerWidth - of.offsetWidth - 8))}px`;
    const below = innerHeight - box.bottom - 12;
    const above = box.top - 12;
    const up = of.scrollHeight > below && above > below;
    of.style.maxHeight = `${up ? above : below}px`;
    of.style.top = up ? `${box.top - 4 - Math.min(of.scrollHeight + 2, above)}px` : `${box.bottom + 4}px`;
  };
  const items = () => [...(panel.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
  const move = (event: KeyboardEvent) => {
    if (!menu) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + (at < 1 ? all.length : 0), Home: 0, End: all.length - 1 }[
      event.key
    ];
    if (event.key === "Tab") close();
    if (to === undefined) return;
    event.preventDefault();
    all[to % all.length]?.focus();
  };

  return (
    <>
      <button
        ref={trigger}
        type="button"
        class={buttonClass}
        aria-label={label}
        title={label}
        aria-haspopup={menu ? "menu" : "dialog"}
        aria-expanded={open}
        popovertarget={id}
      >
        {button}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        class={`panel ${menu ? "menu" : ""} ${panelClass}`}
        role={menu ? "menu" : "dialog"}
        aria-label={title}
        onKeyDown={move}
        onToggle={(event) => {
          const now = (event as ToggleEvent).newState === "open";
          setOpen(now);
          if (!now) return;
          requestAnimationFrame(() => {
            put();
            const first = panel.current?.querySelector<HTMLElement>(
              menu ? '[role="menuitem"]' : "[data-first], input, button, a",
            );
            first?.focus();
          });
        }}
      >
        {open && children(close)}
      </div>
    </>
  );
}

export interface MenuEntry {
  text: string;
  icon?: IconName;
  act?: () => void;
  href?: string;
  danger?: boolean;
}

export function MenuButton({
  label,
  entries,
  button,
  buttonClass = "button quiet bare",
  end = true,
}: {
  label: string;
  entries: MenuEntry[];
  button?: ComponentChildren;
  buttonClass?: string;
  end?: boolean;
}) {
  return (
    <Popover
      menu
      end={end}
      title={label}
      label={label}
      buttonClass={buttonClass}
      button={button ?? <Icon name="more" />}
    >
      {(close) =>
        entries.map((each) => {
          const content = (
            <>
              {each.icon ? <Icon name={each.icon} /> : <span class="icon" />}
              <span>{each.text}</span>
            </>
          );
          const act = () => {
            close();
            each.act?.();
          };
          return each.href ? (
            <a key={each.text} role="menuitem" tabIndex={-1} href={each.href} onClick={close}>
              {content}
            </a>
          ) : (
            <button
              key={each.text}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={each.danger ? "danger" : ""}
              onClick={act}
            >
              {content}
            </button>
          );
        })
      }
    </Popover>
  );
}
