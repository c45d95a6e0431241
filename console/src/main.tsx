// The console: sign in, read who is here, then draw the page of the address.
import { render } from "preact";
import { useEffect } from "preact/hooks";
import * as api from "./api/client";
import type { Customer } from "./api/types";
import { Frame } from "./frame/frame";
import { SignInDialog, SignInPage } from "./frame/sign_in";
import { resetTree } from "./frame/tree";
import { canHold } from "./levels";
import * as t from "./messages.en";
import { AccountsPage } from "./pages/accounts";
import { AddPage } from "./pages/add";
import { CustomerPage } from "./pages/customer";
import { CustomersTable } from "./pages/customers_table";
import { DashboardPage } from "./pages/dashboard";
import { AuditPage } from "./pages/history";
import { ImportsPage } from "./pages/imports";
import { InvoicingPage } from "./pages/invoicing";
import { LocationsPage } from "./pages/locations";
import { MySignInPage } from "./pages/my_sign_in";
import { PageHead } from "./pages/parts";
import { TrialsPage } from "./pages/trials";
import { href, place, route } from "./route";
import * as session from "./session";
import { clear, customerEntry, entry, learn, may, me, useEntry } from "./store";
import { Empty, Failed, LinkButton, Skeleton } from "./ui/basics";

function App() {
  const state = session.state.value;
  useEffect(() => {
    if (state !== "signed_out") return;
    me.value = null;
    clear();
    resetTree();
  }, [state]);
  if (state === "starting") return null;
  if (state === "signed_out") return <SignInPage />;
  return (
    <>
      <SignedIn />
      {state === "ended" && <SignInDialog />}
    </>
  );
}

function SignedIn() {
  const of = entry("me", api.me);
  const { data, error } = useEntry(of);
  if (data && me.peek() !== data) {
    me.value = data;
    learn(data.customer);
  }
  if (error)
    return (
      <main id="main" class="page alone" tabIndex={-1}>
        <h1>{t.product}</h1>
        <Failed problem={error} again={() => void of.load()} />
        <p>
          <button type="button" class="button" onClick={() => void session.signOut()}>
            {t.signOut}
          </button>
        </p>
      </main>
    );
  if (!data || !me.value)
    return (
      <main id="main" class="page alone" tabIndex={-1}>
        <Skeleton lines={8} />
      </main>
    );
  return <Frame>{route.value.page === "my-sign-in" ? <MySignInPage /> : <Page />}</Frame>;
}

function Page() {
  const { page } = route.value;
  const id = route.value.id || (me.value?.customer.id ?? "");
  const of = customerEntry(id);
  const { data, error } = useEntry(of);
  useEffect(() => {
    // A page of its own shows the newest version of the customer. The known one is shown until it is here.
    if (page === "customer" && of.state.peek().data && !of.state.peek().loading) void of.load();
  }, [page, id]);
  useEffect(() => {
    const main = document.getElementById("main");
    if (!main || main.contains(document.activeElement)) return;
    main.focus({ preventScroll: true });
    main.scrollTop = 0;
  }, [place.value]);
  if (data) return <PageOf key={page} of={data} />;
  if (!error)
    return (
      <div class="page">
        <Skeleton lines={8} />
      </div>
    );
  return (
    <div class="page">
      <PageHead title={error.status === 404 ? t.nothingHere : t.failed} />
      {error.status === 404 ? (
        <Empty
          title={t.nothingHereHint}
          action={
            <LinkButton kind="primary" href={href("customers", me.value?.customer.id ?? "")}>
              {t.ownCompany}
            </LinkButton>
          }
        />
      ) : (
        <Failed problem={error} again={() => void of.load()} />
      )}
    </div>
  );
}

function PageOf({ of }: { of: Customer }) {
  const { page, rest } = route.value;
  switch (page) {
    case "customer":
      return <CustomerPage of={of} />;
    case "dashboard":
      return <DashboardPage of={of} />;
    case "accounts":
      return <AccountsPage of={of} />;
    case "trials":
      return <TrialsPage of={of} />;
    case "invoicing":
      return <InvoicingPage of={of} />;
    case "imports":
      return <ImportsPage of={of} />;
    case "audit":
      return <AuditPage of={of} />;
    case "storage-locations":
      return <LocationsPage />;
    case "my-sign-in":
      return null; // needs no customer, see above
    case "customers":
      return rest === "add" ? <AddPage of={of} /> : <CustomersPage of={of} />;
  }
}

function CustomersPage({ of }: { of: Customer }) {
  const add = may("change_customers") && canHold(of.level) && !of.archive;
  return (
    <div class="page full">
      <PageHead
        title={t.menu.customers}
        side={t.customersOf(of.name)}
        actions={
          add && (
            <>
              <LinkButton icon="import" href={href("imports", of.id)}>
                {t.importCustomers}
              </LinkButton>
              <LinkButton kind="primary" icon="add" href={href("customers", of.id, "add")}>
                {t.addCustomer}
              </LinkButton>
            </>
          )
        }
      />
      <CustomersTable of={of} />
    </div>
  );
}

// The focus is never lost: where the focused part of a page is gone, it goes to the page.
document.addEventListener("focusout", ({ relatedTarget }) => {
  if (relatedTarget) return;
  requestAnimationFrame(() => {
    if (document.hasFocus() && document.activeElement === document.body)
      document.getElementById("main")?.focus({ preventScroll: true });
  });
});

const app = document.getElementById("app");
if (app) render(<App />, app);
void session.start();
