// The words of the console, in English. Errors have a sentence by their code; the API's detail is the fallback.
import type { FieldError, Problem } from "./api/problem";

const days = (count: number) => `${count} ${count === 1 ? "day" : "days"}`;
const many = (count: number, one: string, more = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

type Words = Readonly<Record<string, string>>;
export const product = "Management Console";

// ---- frame
export const menu = {
  title: "Menu",
  backup: "Backup",
  dashboard: "Dashboard",
  management: "Management",
  customers: "Customers",
  accounts: "Accounts",
  trials: "Trials",
  invoicing: "Invoicing",
  imports: "Imports",
  records: "Records",
  locations: "Storage locations",
  audit: "Audit log",
};
export const closeMenu = "Close the menu";
export const skip = "Skip to content";
export const customerTree = "Customer tree";
export const nothingBelow = "Nothing below";
export const showMore = "Show more";
export const path = "Path of the customer";
export const chooseCustomer = "Choose a customer";
export const findBelow = (name: string) => `Find below ${name}`;
export const accountMenu = (name: string, role: string) => `${name}, ${role}`;
export const theme = { system: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };
export const signOut = "Sign out";

// ---- signing in
export const signIn = "Sign in";
export const signInHint = "With the account your partner gave you.";
export const signedOut = {
  signed_out: "You are signed out.",
  not_revoked:
    "You are signed out here. The service could not be reached to end the session there; it ends by itself within 24 hours.",
};
export const sharedSession =
  "New tabs in this browser share your session. It ends when you close the last one, or after 24 hours.";
export const sessionEnded = "Your session has ended";
export const sessionEndedHint = "Sign in again. The page stays as it is, and what you were doing goes on by itself.";
export const signInAndGoOn = "Sign in and go on";
export const anotherAccount = "Another account";
export const notNow = "Not now";
export const email = "E-mail address";
export const password = "Password";
export const passwordOf = (user: string) => `Password for ${user}`;
export const newPassword = "New password";
export const ownPasswordTitle = "Choose your own password";
export const ownPasswordHint = "It replaces the password of the invitation.";
export const passwordRules = { length: "14 characters", cases: "Upper and lower case", digit: "A number" };
export const ruleMet = ", met";
export const ruleNotMet = ", not met yet";
export const codeTitle = "Enter the code of your app";
export const codeHint = "Your authenticator app shows a new code every 30 seconds.";
export const code = "Code of your authenticator app";
export const sixDigits = "The six digits of the code";
export const showCharacters = "Show the characters";
export const forgotten = "Forgotten password?";
export const backToSignIn = "Back to sign in";
export const forgottenTitles = {
  password: signIn,
  forgotten: "Forgotten your password?",
  reset: "Choose a new password",
};
export const forgottenHints = {
  password: () => "",
  forgotten: (_: string) => "We send a code to your e-mail address. With it you choose a new password.",
  reset: (user: string) => `If ${user} has an account, a 6-digit code is on its way. It is valid for one hour.`,
};
export const sendCode = "Send the code";
export const codeSent = "If the address has an account, another code is on its way. Only the newest one counts.";
export const mailCode = "Code from the e-mail";
export const noMail = "No e-mail? Look in the spam folder, or";
export const sendAnother = "send another code";
export const saveAndSignIn = "Save and sign in";

// ---- my sign-in
export const mySignIn = "My sign-in";
export const mySignInHint = "Your password, your second factor and your sessions.";
export const confirmIt = "Confirm that it is you";
export const confirmItHint = "Changes here need your password again. They are open for five minutes.";
export const goOn = "Go on";
export const openAgain = "More than five minutes have passed. Enter your password again.";
export const passwordChange = "Change the password";
export const passwordChanged = "Your password is changed";
export const secondFactor = "Second factor";
export const factorRequired =
  "Your company requires a second factor of administrators and super users. Set it up here, and everything else opens.";
export const factorOn = "On: signing in asks for a code of your authenticator app.";
export const factorOff = "Off: your password alone is enough to sign in.";
export const factorSetUp = "Set up an authenticator app";
export const factorReplace = "Use another app or phone";
export const factorScan = "1. Scan this code with an authenticator app on your phone.";
export const factorType = "It can't be scanned? Type this secret into the app instead:";
export const factorSecret = "Secret";
export const factorConfirm = "2. Enter the code that the app shows.";
export const factorQr = "QR code for an authenticator app. The secret beside it says the same.";
export const factorTurnOn = "Turn on";
export const factorTurnOff = "Turn off";
export const factorOffTitle = "Turn off the second factor?";
export const factorOffHint = "Your password alone is enough to sign in, for everybody who knows it.";
export const factorOffApp = "The entry in your authenticator app is of no use any more.";
export const factorOffRequired =
  "If your company requires a second factor, nothing else works until you have one again.";
export const factorIsOn = "Your second factor is on";
export const factorIsOff = "Your second factor is off";
export const sessions = "Sessions";
export const sessionsHint =
  "Changing the password ends no session. If another person may be signed in as you, end all of them.";
export const endSessions = "Sign out everywhere";
export const endSessionsTitle = "Sign out everywhere?";
export const endSessionsHint = "Every session of yours ends, in this browser at once and elsewhere within 15 minutes.";

// ---- common
export const loading = "Loading";
export const cancel = "Cancel";
export const save = "Save";
export const close = "Close";
export const undo = "Undo";
export const clear = "Clear";
export const reset = "Reset";
export const edit = "Edit";
export const remove = "Remove";
export const tryAgain = "Try again";
export const copy = (what: string) => `Copy ${what}`;
export const copied = "Copied";
export const failed = "That did not work.";
export const shownSince = (at: string) => `What is shown is from ${at}.`;
export const incomplete = (records: string) =>
  `Not shown, because the record can't be read: ${records}. Report it to support.`;
export const nothingHere = "Nothing is here";
export const nothingHereHint = "This customer does not exist, or you don't have access to it.";
export const ownCompany = "To your own company";
export const optional = "Optional";
export const actions = "Actions";
export const more = "More actions";
export const none = "None";
export const you = "You";
export const systemActors = {
  schedule: "The schedule",
  sign_in_check: "Daily check of sign-ins",
  removal: "Removal of the customer",
  erasure: "Erasure of the person",
  another_customer: "Another customer",
} as Words;

// ---- table
export const select = (name: string) => `Select ${name}`;
export const selectAll = "Select all on this page";
export const selected = (count: number) => `${count} selected`;
export const selectionTools = "With the selected rows";
export const actionsOf = (name: string) => `Actions for ${name}`;
export const filter = "Filter";
export const addFilter = "Add a filter";
export const removeFilter = (title: string) => `Remove the filter ${title}`;
export const density = "Row height";
export const densities = { compact: "Compact rows", comfortable: "Comfortable rows" };
export const columns = "Columns";
export const columnCount = (on: number, all: number) => `${on} of ${all}`;
export const moveUp = (title: string) => `Move ${title} up`;
export const moveDown = (title: string) => `Move ${title} down`;
export const csv = "Export CSV";
export const previous = "Previous";
export const next = "Next";
export const range = (from: number, to: number, count: number, complete: boolean, noun: string) =>
  complete ? `${from}–${to} of ${noun}` : `${from}–${to} of more than ${count.toLocaleString("en")}`;
export const onlyFirst = (count: number) => `Sorted and filtered among the first ${count.toLocaleString("en")} only.`;
export const timesInUtc = "Times in UTC";
export const noMatch = "Nothing matches these filters";
export const noMatchHint = (noun: string) => `There are ${noun} without them.`;
export const clearFilters = "Clear the filters";
export const noOption = (typed: string) => (typed ? `Nothing matches “${typed}”` : "Nothing to choose");

// ---- forms
export const draftKept = (at: string) => `Draft kept in this tab, ${at}`;
export const startAgain = "Start again";
export const saveWith = "Save with Ctrl + Enter";
export const toCorrect = (count: number) => `${count === 1 ? "One field" : `${count} fields`} to correct`;
export const leaveTitle = "Leave this form?";
export const leaveKept = "Leave: what you typed is kept as a draft until you close this tab.";
export const leaveDiscard = "Discard: what you typed is deleted.";
export const leaveYes = "Leave";
export const leaveOther = "Discard";
export const leaveNo = "Stay";
export const openExisting = "Open the existing customer";
export const whatWillHappen = "What will happen";

// ---- customers
export const levels = {
  root: "Root",
  distributor: "Distributor",
  sub_distributor: "Sub-Distributor",
  reseller: "Reseller",
  end_customer: "End-Customer",
  site: "Site",
};
export const services = { all_inclusive: "All-Inclusive", software_only: "Software-Only" };
export const serviceHints = {
  all_inclusive: "The software, and storage hosted by us in the customer's storage location.",
  software_only: "The software alone. Backups go to storage that you operate.",
};
export const states = { in_trial: "In trial", in_production: "In production" };
export const daysLeft = (left: number) => (left < 1 ? "ends today" : `${days(left)} left`);
export const archivedUntil = (day: string) => `Archived, restorable until ${day}`;
export const customersOf = (name: string) => `${name} and below`;
export const customerCount = (count: number) => many(count, "customer");
export const addCustomer = "Add customer";
export const addEndCustomer = "Add end-customer";
export const addSite = "Add site";
export const importCustomers = "Import";
export const tabs = {
  below: "Directly below",
  all: "All levels",
  trial: "In trial",
  elsewhere: "Lands elsewhere",
  archived: "Archived",
};
export const tabsLabel = "Views";
export const findByName = "Find by name";
export const findByNameStart = "Find by start of name";
export const heads = {
  name: "Name",
  state: "State",
  level: "Level",
  location: "Storage location",
  landsIn: "Lands in",
  parent: "Parent customer",
  service: "Service type",
  country: "Device country",
  trialEnds: "Trial ends",
  added: "Added",
  references: "References",
  id: "Customer id",
  email: "E-mail address",
  role: "Role",
  status: "Status",
  signedIn: "Last sign-in",
  customer: "Customer",
  when: "When",
  what: "What",
  by: "By",
  changes: "From and to",
  daysLeft: "Days left",
  from: "Invoiced from",
  until: "Until",
  invoiceDays: "Days",
  row: "Row",
  result: "Result",
  why: "Why",
  expected: "Expected",
  restorable: "Restorable until",
  requested: "Requested",
  asked: "Asked",
  askedBy: "Asked by",
  last: "Last began",
  answer: "Answer",
};
export const landsIn = (name: string) => `lands in ${name}`;
export const noCustomers = (name: string) => `No customers below ${name} yet`;
export const noCustomersHint = "Customers that you add appear here, and in the tree.";
export const siteHolds = "A site has no customers below it.";
export const noTrials = "No active trials";
export const noTrialsHint = "End-customers that are added in trial appear here, those that end first at the top.";
export const noArchived = "No archived customers";
export const noArchivedHint = "An archived customer is listed here for 30 days, and can be restored.";
export const noDrift = "All data lands where it should";
export const noDriftHint = "No customer's data is stored outside its storage location today.";
export const open = "Open";
export const archive = "Archive";
export const restore = "Restore";
export const endTrial = "End trial…";
export const history = "History";
export const archived = (name: string) => `${name} is archived`;
export const restored = (name: string) => `${name} is restored`;
export const archivedMany = (count: number) => `${many(count, "customer")} archived`;
export const blockedTitle = (name: string) => `Archive or remove these before ${name}`;
export const moreDevices = (count: number) => `${many(count, "more device", "more devices")}`;
export const showDevices = "Show the devices";
export const showCustomers = "Show the customers";
export const notArchived = (name: string, why: string) => `${name} is not archived. ${why}`;
export const endTrialTitle = (name: string) => `End the trial of ${name}?`;
export const endTrialNow = (left: number) =>
  left < 1 ? "Invoicing starts now." : `Invoicing starts now, ${days(left)} before the trial would end.`;
export const endTrialSites = "The customer and its sites go into production.";
export const endTrialFinal = "A customer in production cannot go back into a trial.";
export const endTrialYes = "End trial";
export const typeName = "Type the customer's name to confirm";
export const trialEnded = (name: string) => `${name} is in production`;
export const customerTabs = {
  "": "Overview",
  customers: "Customers",
  devices: "Devices",
  accounts: "Accounts",
  invoicing: "Invoicing",
  history: "History",
};
export const details = "Details";
export const trial = "Trial";
export const references = "References";
export const recent = "Recent changes";
export const viewHistory = "View history";
export const viewAll = "View all";
export const ends = (at: string) => `Ends ${at}`;
export const notInvoiced = "Not invoiced until then. Goes into production by itself.";
export const aboveCompany = "Above your company";
export const provides = "Service types to provide";
export const inProductionSince = "In production since";
export const decided = "Decided";
export const asChosen = (name: string) => `${name}, as it should be`;
export const steps = {
  title: "After the customer is added",
  done: (count: number, all: number) => `${count} of ${all} done`,
  account: "Give the customer access to the Console",
  accountHint: "Add accounts for the people of the customer, or one administrator, who adds the rest.",
  accountDone: (count: number) => `${many(count, "account")} added.`,
  device: "Add a device",
  deviceHint: "It shows where the data of this customer really lands. A test device is never invoiced.",
  deviceDone: (count: number) => `${many(count, "device")} added.`,
  check: "Make sure data lands in the storage location",
  checkHint: "Check the country in the Storage location column of the device.",
  checkDone: (name: string) => `Data lands in ${name}, as it should.`,
  checkWrong: (actual: string, expected: string) =>
    `Data lands in ${actual}, but ${expected} is expected. Contact support.`,
  addAccount: "Add account",
  checkIt: "Check storage location",
};

// ---- add and edit
export const addTitle = "Add customer";
export const fields = {
  name: "Name",
  nameHint: "As you want it to show on the dashboard.",
  parent: "Parent customer",
  parentHint: (level: string) => `${level}. Type to search.`,
  level: "Customer level",
  levelSet: (level: string) => `Set by the parent: below a ${level}.`,
  levelChoose: "Choose what the new customer is.",
  service: "Service type for customer",
  provide: "Service type to provide",
  provideHint: "What the new customer may provide to its own customers.",
  country: "Device country",
  countryHint: "The country where the devices are. Type to search.",
  location: "Data storage location",
  locationFirst: "Choose the device country first.",
  locationSet: "Set by the device country.",
  locationChoose: (country: string, count: number) =>
    `We host no storage in ${country}: choose one of ${count} locations. Only support can change it later.`,
  locationStays: (name: string) =>
    `The storage location stays ${name}, whatever the country. Contact support to change it.`,
  trial: "In trial",
  trialHint: "30 days, not invoiced. The customer goes into production by itself when the trial is over.",
};
export const contactHints = {
  contact_email: "The e-mail address for later notices.",
  account_manager: "Whom its companies consult about data centres, such as a name and an address.",
};
export const yourAccountManager = (name: string) => `Your account manager: ${name}`;
export const levelHints = {
  root: "",
  distributor: "Sells through sub-distributors and resellers.",
  sub_distributor: "Sells through resellers, below a distributor.",
  reseller: "Has end-customers.",
  end_customer: "Uses the backup service.",
  site: "A place of an end-customer.",
};
export const storedIn = (name: string) => `Stored in ${name}`;
export const storedInLands = (name: string, actual: string) => `Storage location ${name}: data lands in ${actual}`;
export const chooseStorage = "No storage: choose";
export const landsToday = (actual: string) => `Lands in ${actual} today.`;
export const landsWhy = (name: string, actual: string) =>
  `${name} has no open data centre, so its data is routed to ${actual}.`;
export const will = {
  nothing: "Nothing is saved yet. Updated as you type.",
  below: (name: string) => `Added below ${name}`,
  as: (level: string, service: string | null) => `As ${level}${service ? ` with ${service}` : ""}.`,
  trial: (at: string) => `In trial until ${at}`,
  trialHint: "Reminders 7, 3 and 1 days before the end.",
  invoice: (at: string) => `Invoicing starts ${at}`,
  invoiceHint: "With production, unless the trial is ended earlier.",
  invoiceNow: "Invoicing starts at once",
  invoiceNowHint: "The customer is in production from the beginning.",
  chosen: "As you have chosen.",
  stays: "The storage location stays",
  staysHint: "Changing the country later does not move it. Contact support for another location.",
  fill: "Fill in the form to see what will happen.",
};
export const added = (name: string) => `${name} is added`;
export const mayNotAdd = "You can't add customers here";
export const mayNotAddHint = "Your role does not allow it. Ask an administrator of your company.";
export const editTitle = (name: string) => `Edit ${name}`;
export const saved = (name: string) => `${name} is saved`;
export const conflictField = (field: string, value: string) => `${field} is now “${value}”.`;

// ---- history
export const historyOf = (name: string) => `Changes of ${name}`;
export const events = {
  customer_added: "Added",
  customer_changed: "Changed",
  storage_location_changed: "Storage location changed by support",
  customer_archived: "Archived",
  customer_restored: "Restored",
  trial_ending: "Reminder sent",
  customer_entered_production: "Entered production",
  account_added: "Account added",
  account_changed: "Account changed",
  account_removed: "Account removed",
  address_lost: "Address invited by another customer",
  credential_added: "Credential added",
  credential_revoked: "Credential revoked",
  email_changed: "E-mail address changed",
  invitation_requested: "Invitation sent again",
  second_factor_changed: "Second factor changed",
  sign_in_replaced: "Sign-in replaced",
  signed_in: "Signed in",
  storage_location_requested: "Storage location requested",
  storage_location_request_decided: "Storage location request decided",
  storage_locations_replaced: "Storage locations replaced",
  device_added: "Device added",
  device_removed: "Device removed",
  device_renamed: "Device renamed",
  test_device_added: "Test device added",
  test_device_removed: "Test device removed",
  token_replaced: "Installation token replaced",
  view_removed: "View removed",
  view_saved: "View saved",
} as Words;
export const fieldNames = {
  name: "Name",
  parent_id: "Parent customer",
  level: "Customer level",
  service_type: "Service type",
  services_to_provide: "Service types to provide",
  device_country: "Device country",
  storage_location: "Storage location",
  in_trial: "In trial",
  references: "References",
  email: "E-mail address",
  display_name: "Name",
  role: "Role",
  locations: "Storage locations",
  file: "File",
  columns: "Columns",
  app_client: "Signed in to",
  device_id: "Device",
  kind: "Device kind",
  location_request_id: "Request",
  contact_email: "Contact e-mail",
  account_manager: "Account manager",
  state: "State",
  production_since: "In production since",
} as Words;
export const reason = (why: string) => `Why: ${why}`;
export const historyCount = (count: number) => many(count, "change");
export const nothingHappened = "Nothing has happened yet";
export const account = "Account";
export const requestId = "Request id";
export const onlyBy = "Only changes by this account";
export const onlyThis = "Only changes of this kind";
export const openCustomer = "Open customer";
export const fromDay = "From";
export const toDay = "To";

// ---- dashboard
export const devicesOf = (name: string) => `Devices of ${name} and below`;
export const deviceCount = (count: number) => many(count, "device");
export const noDevices = "No devices yet";
export const noDevicesHint =
  "Devices of this customer and all below it appear here. A test device shows where data lands.";
export const views = "Views";
export const defaultView = "Default";
export const checkView = "Where data lands";
export const unsavedView = "not saved";
export const saveView = "Save view";
export const saveAsView = "Save as view";
export const viewName = "Name of the view";
export const removeView = "Remove this view";
export const undoColumns = "Undo";
export const viewSaved = (name: string) => `The view ${name} is saved`;
export const viewRemoved = (name: string) => `The view ${name} is removed`;
export const driftNotice = (noun: string) => `Data of ${noun} lands outside the storage location.`;
export const driftShow = "Show";
export const expected = (name: string) => `expected ${name}`;
export const yes = "Yes";
export const no = "No";
export const unknownPlace = "Unknown";
export const addDevice = "Add device";
export const addTestDevice = "Add test device";
export const addDeviceTitle = (name: string) => `Add a device to ${name}`;
export const addTestDeviceTitle = (name: string) => `Add a test device to ${name}`;
export const addTestDeviceHint = "It shows where the data of this customer really lands. It is never invoiced.";
export const deviceDaysInvoiced =
  "Each day (UTC) on which the device exists is invoiced once the end-customer is in production.";
export const neverInvoiced = "The devices of a reseller are never invoiced.";
export const deviceName = "Device name";
export const deviceKind = "Device kind";
export const deviceKinds = { workstation: "Workstation", server: "Server" };
export const rename = "Rename";
export const renameTitle = (name: string) => `Rename ${name}`;
export const testDevice = "Test device";
export const add = "Add";
export const deviceAdded = (name: string) => `${name} is added`;
export const deviceLands = (expected: string, actual: string) =>
  `Expected in ${expected}; its data lands in ${actual}.`;
export const deviceRight = "As it should be";
export const deviceWrong = "Not as it should be";
export const tokenOnce = "Installation token";
export const tokenOnceHint = "Copy it now. It is not shown again, but you can replace it.";
export const tokenGone = "It was shown before. Replace it in the menu of the device on the dashboard.";
export const tokenOf = (name: string) => `Installation token of ${name}`;
export const replaceToken = "Replace the token";
export const replaceTokenTitle = (name: string) => `Replace the token of ${name}?`;
export const replaceTokenOld = "The installation token of now stops working at once.";
export const replaceTokenNew = "The new one is shown once. Install the device with it.";
export const shownOnce = "This is shown only once.";
export const haveCopied = "I have copied it";
export const toDashboard = "To the dashboard";
export const removeDeviceTitle = (name: string) => `Remove ${name}?`;
export const removeDeviceHint = "Its installation token stops working. It cannot be brought back.";
export const removeDeviceDay = "Today (UTC) is its last invoiced day.";
export const deviceRemoved = (name: string) => `${name} is removed`;

// ---- accounts
export const accountsOf = (name: string) => `Accounts of ${name}`;
export const accountCount = (count: number) => many(count, "account");
export const accountScopes = { here: "This customer", below: "All below too" };
export const noAccounts = (name: string) => `${name} has no accounts yet`;
export const noAccountsHint = "Create all accounts yourself, or one administrator, who creates the rest.";
export const addAccount = "Add account";
export const addAccountTitle = (name: string) => `Add an account at ${name}`;
export const accountName = "Name";
export const emailHint = "An invitation is sent there.";
export const role = "Role";
export const invite = "Invite";
export const invited = (name: string) => `${name} is invited`;
export const roles = {
  super_user: "Super user",
  administrator: "Administrator",
  manager: "Manager",
  operator: "Operator",
  supporter: "Supporter",
};
export const roleHints = {
  super_user: "Everything an administrator may, and also adds and changes super users.",
  administrator:
    "Adds and changes customers, ends trials and imports; adds and changes accounts; reads invoicing; adds and removes test devices.",
  manager: "Reads everything but invoicing, and adds and removes test devices.",
  operator: "Reads customers, devices and accounts. Changes nothing.",
  supporter: "Reads customers, devices and accounts. Changes nothing.",
};
export const statuses = {
  invited: "Invited",
  invitation_expired: "Invitation expired",
  undeliverable: "Not delivered",
  active: "Active",
  disabled: "Disabled",
  removed: "Removed",
};
export const invitedUntil = (sent: string, until: string) =>
  `The invitation was sent on ${sent}. Its password is valid until ${until}. No mail? Look in the spam folder, or resend it.`;
export const beingInvited = "The invitation is being sent.";
export const statusHints = {
  invitation_expired: "The invitation was not used within 7 days. Resend it: its password is valid for another 7 days.",
  undeliverable:
    "The invitation could not be delivered. Check the e-mail address and change it, or resend the invitation.",
  email_taken: "Another account has this e-mail address. Change it: the new address gets the invitation.",
  disabled: "The account can do nothing until it is enabled.",
};
export const resend = "Resend invitation";
export const invitationSent = (name: string) => `Another invitation to ${name} is on its way`;
export const changeAndInvite = "Change and invite";
export const emailChangeInvites = "An invitation is sent to the new address, and the old one can't be used any more.";
export const emailChangeEnds =
  "The person is signed out and starts again with the invitation, without a second factor.";
export const editOf = (label: string) => `Edit: ${label}`;
export const accountId = "Account id";
export const factorSet = "On";
export const factorNotSet = "Off";
export const person = "A person";
export const machine = "A machine";
export const whoSignsIn = "Who signs in";
export const kinds = { person: "A person or team", api: "A machine" };
export const kindHints = {
  person: "Gets an invitation by e-mail and chooses a password.",
  api: "A script or another system. It gets a client id and a secret, which is shown once.",
};
export const addMachine = "Add machine";
export const credentials = "Credentials";
export const ofTwo = (count: number) => `${count} of 2`;
export const clientId = "Client id";
export const clientSecret = "Client secret";
export const lastUsed = "Last used";
export const expires = "Expires";
export const expiresOn = "Expires on (optional)";
export const expiresHint = "From the beginning of that day (UTC) it is not valid. Without a day, until it is revoked.";
export const addCredential = "Add a credential";
export const noCredentials = "The machine can't sign in: it has no credential.";
export const rotateHint = "To replace a secret without a gap: add a second credential, use it, then revoke the first.";
export const twoAtMost = "A machine has two credentials at most. Revoke one before you add another.";
export const credentialOf = (name: string) => `Credential of ${name}`;
export const credentialOnceHint =
  "Copy the secret to where the machine reads it. If it is lost, add another credential.";
export const secretGone = "The secret was shown before, and is not shown again. Add another credential.";
export const revoke = "Revoke";
export const revokeTitle = (name: string) => `Revoke a credential of ${name}?`;
export const revokeAtOnce = (client: string) => `${client} stops working with the next request, for good.`;
export const revokeUsed = (day: string) => `It was last used on ${day}. What still uses it fails.`;
export const revokeUnused = "It has never been used.";
export const revoked = "The credential is revoked";
export const disableTitle = (name: string) => `Disable ${name}?`;
export const disableSession = "Every session of the account ends at once, and it can't sign in.";
export const disableMachine = "The machine's next request is rejected, and it can't sign in.";
export const disableKept = "Its name, role and history stay. You can enable it again at any time.";
export const removeMachine = "All its credentials stop working with the next request.";
export const removeMachineFinal = "A removed machine cannot be brought back; add it again with new credentials.";
export const never = "Never";
export const enable = "Enable";
export const disable = "Disable";
export const makeRole = (role: string) => `Make ${role}`;
export const accountDisabled = (name: string) => `${name} is disabled`;
export const accountEnabled = (name: string) => `${name} is enabled`;
export const accountRole = (name: string, role: string) => `${name} is now ${role}`;
export const removeAccountTitle = (name: string) => `Remove the account of ${name}?`;
export const removeAccountSession = "Every session of the account ends, and it can't sign in any more.";
export const removeAccountFinal = "A removed account cannot be brought back; invite the person again instead.";
export const accountRemoved = (name: string) => `The account of ${name} is removed`;

// ---- trials, invoicing
export const trialsOf = (name: string) => `Trials of ${name} and below`;
export const trialTabs = { "": "Active trials", "by-reseller": "By reseller, last 90 days" };
export const resellerCount = (count: number) => many(count, "reseller");
export const noStarts = "No trial has begun in the last 90 days";
export const trialCount = (count: number) => many(count, "trial");
export const invoicingOf = (name: string, month: string) => `Invoicing of ${name}, ${month}`;
export const month = "Month";
export const invoicingCount = (count: number) => many(count, "end-customer");
export const deviceDays = { workstation: "Workstation days", server: "Server days" };
export const noInvoicing = "Nothing is invoiced for this month";
export const noInvoicingHint = "End-customers in production are invoiced by days.";

// ---- imports
export const importTitle = "Imports";
export const importInto = (name: string) => `Import customers below ${name}`;
export const drop = "Drop a CSV or JSON lines file here, or choose one";
export const chooseFile = "Choose a file";
export const anotherFile = "Choose another file";
export const dropHint = "Up to 10,000 rows. Importing the same file again adds nothing twice.";
export const encoding = "Encoding";
export const encodingHint = "If characters look wrong below, choose another encoding.";
export const encodings = {
  "": "Unicode (UTF-8 or UTF-16)",
  "windows-1252": "Western European (Windows-1252)",
  "windows-1250": "Central European (Windows-1250)",
  "windows-1251": "Cyrillic (Windows-1251)",
  "iso-8859-15": "Western European (ISO 8859-15)",
  macintosh: "Western European (Mac)",
  shift_jis: "Japanese (Shift JIS)",
} as Words;
export const separators = { ",": "commas", ";": "semicolons", "\t": "tabs" } as Words;
export const fileFacts = (rows: number, columns: number, separator: string) =>
  `${many(rows, "row")}, ${many(columns, "column")}, separated by ${separator}.`;
export const firstRows = "The first rows of the file";
export const tryFirst = "Try it first";
export const importNow = "Import";
export const wouldBe = (created: number, existed: number, refused: number) =>
  `${created} would be added, ${existed} exist, ${refused} would be rejected.`;
export const importDone = (created: number, existed: number, refused: number) =>
  `${created} added, ${existed} existed, ${refused} rejected.`;
export const rowsDone = (done: number, all: number) => `${done} of ${all} rows are done.`;
export const importStatus = { created: "Added", existed: "Already there", refused: "Rejected" };
export const importRows = "Results by row";
export const rowCount = (count: number) => many(count, "row");
export const allRight = "Every row would be added";
export const rejectedCsv = "Download rejected rows";
export const correct = "Correct and try again";
export const correctTitle = (file: string) => `Correct ${file}`;
export const correctHint =
  "Change what is wrong, then import the file again. Rows that were added before are not added twice.";
export const importAgain = "Import again";
export const cellOf = (column: string, row: number) => `${column} of row ${row}`;
export const recentImports = "Imports of this tab";
export const noImport = "Choose a file to begin";
export const mayNotImport = "Your role does not allow adding customers";

// ---- storage locations
export const locationsTitle = "Storage locations";
export const versionSince = (version: number) => `Version ${version}, in force since`;
export const neverMoves = "A new version never moves a customer's storage location.";
export const openHere = "Open";
export const closedHere = "No data centre open";
export const changeRouting = "Change the routing";
export const routingTitle = "Replace the storage catalogue";
export const replace = (version: number) => `Replace version ${version}`;
export const replaceTitle = (version: number) => `Replace version ${version} of the storage catalogue?`;
export const replaceChange = (name: string, from: string, to: string) =>
  `${name}: data lands in ${to}, no longer in ${from}.`;
export const replaceAtOnce = "It takes effect at once, for every new device of every customer.";
export const replaceBack = (version: number) => `To go back, put the routing of version ${version} in force again.`;
export const replaceType = (text: string) => `Type “${text}” to confirm`;
export const replaceWord = (version: number) => `replace ${version}`;
export const replaced = (version: number) => `Version ${version} is in force`;
export const noChange = "Change where the data of a location lands first.";
export const changesOf = (count: number) => `${many(count, "change")}`;
export const unchanged = "No location is changed yet.";
export const dataOf = (name: string) => `Data of ${name} lands in`;
export const locationCount = (count: number) => many(count, "location");

// ---- requests for another storage location
export const askLocation = "Ask for another storage location";
export const askLocationTitle = (name: string) => `Ask for another storage location for ${name}`;
export const askLocationHint = (name: string) => `Support decides. Until then the storage location stays ${name}.`;
export const askLocationChoose = "Choose the location that you ask for. Type to search.";
export const askSupport = "Ask support";
export const locationAsked = (name: string) => `The request for ${name} is sent to support`;
export const reasonLabel = "Reason";
export const reasonRead = "Support and your company can read it.";
export const nameLands = (name: string, actual: string) => `${name}, lands in ${actual}`;
export const requestFor = (name: string) => `Request for ${name}`;
export const requestStates = { open: "Waiting for support", accepted: "Accepted", declined: "Declined" };
export const requestsTitle = "Requests";
export const locationsTab = "Locations";
export const requestTabs = { open: "Requests", accepted: "Accepted", declined: "Declined" };
export const requestCount = (count: number) => many(count, "request");
export const noRequests = "No requests";
export const noRequestsHint = "What customers ask for is listed here: another storage location, with their reason.";
export const acceptRequest = "Accept";
export const declineRequest = "Decline";
export const acceptTitle = (name: string, to: string) => `Accept ${to} for ${name}?`;
export const declineTitle = (name: string, to: string) => `Decline ${to} for ${name}?`;
export const acceptMoves = (from: string, to: string) => `The storage location changes from ${from} to ${to} at once.`;
export const declineStays = (name: string) => `The storage location stays ${name}.`;
export const acceptFinal = "The decision is final, and the customer's company can read your reason.";
export const declineFinal = `${acceptFinal} It can ask again.`;
export const decisionReason = "Your reason";
export const requestAccepted = (name: string, to: string) => `The storage location of ${name} is ${to} now`;
export const requestDeclined = (name: string) => `The request of ${name} is declined`;

/** The word for a member of an enumeration. A new member of the API, which has no word yet, is shown as it is. */
export const word = (words: Words, value: string): string => words[value] ?? value.replaceAll("_", " ");

// ---------------------------------------------------------------- errors, by their code

const PROBLEMS: Words = {
  unreachable: "The service cannot be reached. Check the network and try again.",
  sign_in_unreachable: "The sign-in cannot be reached. Check the network and try again.",
  sign_in_NotAuthorizedException: "The e-mail address or the password is wrong.",
  sign_in_UserNotFoundException: "The e-mail address or the password is wrong.",
  sign_in_CodeMismatchException: "The code is wrong. Use the newest one.",
  sign_in_EnableSoftwareTokenMFAException: "The code is wrong. Wait for the next one of the app, and enter that.",
  sign_in_ExpiredCodeException: "The code has expired. Have another one sent.",
  sign_in_invitation_expired:
    "Your invitation has expired. Ask an administrator of your company to send you another one.",
  sign_in_disabled: "Your account is disabled. Ask an administrator of your company.",
  sign_in_too_slow: "That took too long. Sign in again.",
  sign_in_not_confirmed:
    "You have not signed in yet. Use the password of your invitation, or ask an administrator for another invitation.",
  sign_in_no_address: "No code can be sent to this account. Ask an administrator of your company.",
  sign_in_wrong_password: "The password is wrong.",
  sign_in_CodeDeliveryFailureException: "The code could not be sent. Try again in a few minutes.",
  sign_in_InvalidParameterException:
    "Something is missing or has characters that are not allowed. Check what you typed.",
  sign_in_PasswordHistoryPolicyViolationException: "You have used this password before. Choose another one.",
  sign_in_UserNotConfirmedException: "Your account is not confirmed. Ask an administrator of your company.",
  sign_in_TooManyFailedAttemptsException: "Too many wrong codes. Wait 15 minutes, then try again.",
  sign_in_InternalErrorException: "Something went wrong at the sign-in. Try again.",
  sign_in_InvalidPasswordException:
    "The password does not meet the rules: 14 characters or more, with upper and lower case and a digit.",
  sign_in_PasswordResetRequiredException: "Your password must be reset. Ask an administrator of your company.",
  sign_in_TooManyRequestsException: "Too many attempts. Wait a minute, then try again.",
  sign_in_LimitExceededException: "Too many attempts. Wait 15 minutes, then try again.",
  second_factor_required: "Your company requires a second factor. Set it up first, in My sign-in.",
  session_ended: "Your session has ended. Do it again to sign in.",
  no_active_account: "Your account is disabled or removed. Ask an administrator of your company.",
  forbidden: "Your role does not allow this. Ask an administrator of your company.",
  not_found: "It does not exist, or you don't have access to it.",
  name_exists: "A customer with this name exists here.",
  archived: "The customer is archived. Restore it first.",
  archive_blocked: "The customer still has customers or devices. Archive or remove these first.",
  email_exists: "Another account has this e-mail address.",
  too_many_credentials: "A machine has two credentials at most. Revoke one first.",
  too_many_invitations: "Your company has sent as many invitations as it may in a day. Try again tomorrow.",
  last_super_user: "This is the last super user. Make another account a super user first.",
  too_many_devices: "The customer has as many devices as it may have. Remove one first.",
  too_many_test_devices: "The customer has as many test devices as it may have. Remove one first.",
  stale_version: "Somebody else changed it in the meantime. Read it again, then repeat your change.",
  open_request_exists: "The customer has a request already that waits for support. Wait until it is decided.",
  request_decided: "The request has been decided already. A decision is final.",
  location_changed:
    "The storage location has changed since the request. Decline the request: the customer can ask again.",
  conflict:
    "Somebody else changed this customer in the meantime. What you typed is kept: save again to put it in place of theirs.",
  body_too_large: "The file is too large. Split it: at most 3 MB each.",
  throttled: "Too many requests. Try again in a minute.",
  internal_error: "Something went wrong at the service. Try again.",
  unavailable: "The service is not available now. Try again in a minute.",
  broken_rules: "Something is not as it must be. See below.",
  failed: "That did not work. Try again.",
};

/** Why a request failed, in one or two sentences. */
export function errorText(problem: Problem): string {
  const known = PROBLEMS[problem.code];
  if (problem.code === "archive_blocked") return `${known} ${firstNames(problem.errors.map((each) => each.detail))}`;
  if (known && problem.code !== "broken_rules") return known;
  const details = problem.errors.map((each) => fieldErrorText(each, "")).join(" ");
  const id = problem.body.request_id;
  return details || problem.message || `${PROBLEMS.failed}${typeof id === "string" ? ` (${id})` : ""}`;
}

const firstNames = (names: unknown[]) =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

const REQUIRED: Words = {
  name: "Enter a name.",
  parent_id: "Choose the parent customer.",
  level: "Choose a customer level.",
  service_type: "Choose a service type.",
  services_to_provide: "Choose at least one service type.",
  device_country: "Choose the device country.",
  storage_location: "Choose a storage location.",
  email: "Enter an e-mail address.",
  kind: "Choose a device kind.",
  location: "Choose a storage location.",
  reason: "Enter the reason.",
  display_name: "Enter a name.",
  role: "Choose a role.",
  file: "Choose a file.",
  expires_at: "Choose a day.",
};

const FIELD_ERRORS: Words = {
  name_exists: "The parent customer already has a customer with this name. Choose another name.",
  name_length: "The name is too long, or empty. Use 1 to 128 characters.",
  storage_location_required: "We host no storage in this country: choose a storage location.",
  storage_location_set: "The device country sets the storage location. Leave it as it is.",
  storage_location_unknown: "This is not one of our storage locations. Choose one from the list.",
  storage_location_stays: "The storage location can't be changed here. Contact support.",
  country_unknown: "This is not a country that we know. Choose one from the list.",
  level_not_allowed: "The parent customer can't have a customer of this level. Choose another level.",
  parent_holds_nothing: "A site has no customers below it. Choose another parent.",
  service_not_provided: "The parent customer does not provide this service type. Choose another one.",
  needed_below: "A customer below uses this service type, so it can't be taken away.",
  email_invalid: "This is not an e-mail address. Write it like name@company.com.",
  email_exists: "Another account has this e-mail address. Use another one.",
  email_taken: "Another account has this e-mail address. Change it first.",
  signed_in: "The person has signed in already. They can use “Forgotten password?”.",
  account_disabled: "The account is disabled. Enable it first.",
  same_location: "This is the storage location already. Choose another one.",
  not_hosted: "We host no storage in this country. Choose one from the list.",
  kind_unknown: "This is not a kind of device. Choose one from the list.",
  time_invalid: "Choose a day in the future.",
  role_too_high: "You can't give a role above your own. Choose another one.",
  own_account: "You can't change your own role or status. Ask another administrator.",
};

/** What is wrong with a field, and what to do. */
export function fieldErrorText(error: FieldError, field: string): string {
  const of = field || (error.pointer ?? "").split("/").filter(Boolean)[0] || "";
  if (error.code === "required") return REQUIRED[of] ?? error.detail ?? `${fieldNames[of] ?? of} is missing.`;
  return FIELD_ERRORS[error.code] ?? error.detail ?? PROBLEMS[error.code] ?? failed;
}
