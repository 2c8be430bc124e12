// The frame of a panel that is drawn by us, because Grafana publishes no component for it. Its corner says so.

import type { ReactNode } from 'react';
import { useTheme2 } from '@grafana/ui';

export function StandIn({ width, height, children }: { width: number; height: number; children: ReactNode }) {
  const { colors, typography } = useTheme2();
  const corner = { position: 'absolute', right: 0, bottom: 0 } as const;
  return (
    <div style={{ position: 'relative', width, height, overflow: 'hidden' }}>
      {children}
      <span style={{ ...corner, color: colors.text.disabled, fontSize: typography.size.xs }}>stand-in</span>
    </div>
  );
}
