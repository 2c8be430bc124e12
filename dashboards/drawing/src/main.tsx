// The page: /?dashboard=NAME&from=now-5m&to=now draws /dashboards/NAME.json.

import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/inter/600.css';
import './page.css';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router-dom';
import { LocationServiceProvider, locationService } from '@grafana/runtime';
import { GlobalStyles, ThemeContext } from '@grafana/ui';
import { setUpGrafana, theme } from './grafana';
import { Prometheus } from './prometheus';
import { sceneOf } from './scene';
import { expandRows, statusOf } from './status';

// As high as the bar of Grafana above every dashboard, so that a first screen here holds no more than there.
const BAR_HEIGHT = 80;

const parameters = new URLSearchParams(location.search);
const text = (name: string, otherwise: string) => parameters.get(name) ?? otherwise;

const prometheus = new Prometheus(Number(text('interval', '15')));
await setUpGrafana(prometheus);
const dashboard = await (await fetch(`/dashboards/${text('dashboard', '')}.json`)).json();
const scene = sceneOf(dashboard, { from: text('from', dashboard.time.from), to: text('to', dashboard.time.to) });
document.title = dashboard.title;

// What shoot.mjs asks.
Object.assign(window, { drawing: { status: () => statusOf(scene), expandRows: () => expandRows(scene) } });

createRoot(document.getElementById('root')!).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <BrowserRouter>
      <LocationServiceProvider service={locationService}>
        <header style={{ height: BAR_HEIGHT, display: 'flex', alignItems: 'center', padding: '0 16px', gap: 8,
          background: theme.colors.background.primary, borderBottom: `1px solid ${theme.colors.border.weak}` }}>
          <span style={{ color: theme.colors.text.secondary }}>Dashboards ›</span>
          <h1 style={{ ...theme.typography.h4, margin: 0 }}>{dashboard.title}</h1>
        </header>
        <main id="board" style={{ padding: 16, background: theme.colors.background.canvas }}>
          <scene.Component model={scene} />
        </main>
      </LocationServiceProvider>
    </BrowserRouter>
  </ThemeContext.Provider>
);
