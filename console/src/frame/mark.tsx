export const Mark = () => (
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    <rect x="8" y="3" width="8" height="4" rx="1.5" opacity=".4" />
    <rect x="5" y="9" width="14" height="5" rx="1.5" opacity=".7" />
    <rect x="2" y="16" width="20" height="6" rx="1.5" />
  </svg>
);
