// Icons of one set (Lucide), 16 px, as inline SVG.
import {
  Archive,
  ArrowDown,
  ArrowUp,
  Building2,
  Check,
  ChevronDown,
  ChevronRight,
  ChevronsUpDown,
  CircleAlert,
  Clock,
  Columns3,
  Copy,
  Database,
  Download,
  Ellipsis,
  Eye,
  EyeOff,
  Info,
  Lock,
  LogOut,
  MapPin,
  Menu,
  Monitor,
  Pencil,
  Plus,
  ReceiptText,
  RotateCcw,
  Rows3,
  Rows4,
  Search,
  SunMoon,
  Trash2,
  TriangleAlert,
  Upload,
  User,
  X,
} from "lucide";

const ICONS = {
  archive: Archive,
  down: ArrowDown,
  up: ArrowUp,
  customers: Building2,
  check: Check,
  open: ChevronDown,
  closed: ChevronRight,
  choose: ChevronsUpDown,
  error: CircleAlert,
  clock: Clock,
  columns: Columns3,
  copy: Copy,
  locations: Database,
  download: Download,
  more: Ellipsis,
  show: Eye,
  hide: EyeOff,
  info: Info,
  lock: Lock,
  leave: LogOut,
  pin: MapPin,
  menu: Menu,
  device: Monitor,
  edit: Pencil,
  add: Plus,
  invoice: ReceiptText,
  undo: RotateCcw,
  comfortable: Rows3,
  compact: Rows4,
  search: Search,
  theme: SunMoon,
  remove: Trash2,
  warning: TriangleAlert,
  import: Upload,
  account: User,
  close: X,
} as const;
export type IconName = keyof typeof ICONS;

export function Icon({ name, class: of = "" }: { name: IconName; class?: string }) {
  return (
    <svg class={`icon ${of}`} viewBox="0 0 24 24" aria-hidden="true">
      {ICONS[name].map(([Tag, attributes], at) => {
        const Shape = Tag as "path";
        return <Shape key={at} {...(attributes as object)} />;
      })}
    </svg>
  );
}
