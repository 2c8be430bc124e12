// The panel types. Grafana publishes the components inside its panels, but not the panels: these join the two.

import type { ComponentType } from 'react';
import { FieldConfigProperty, identityOverrideProcessor, PanelPlugin, type PanelProps, PluginType } from '@grafana/data';
import { Graph } from './graph';
import { Note } from './note';
import { Other } from './other';
import { States } from './states';
import { Stat } from './stat';
import { Table } from './table';

type Custom = Record<string, unknown>;

const NOT_HIDDEN = { legend: false, tooltip: false, viz: false };

// Grafana's defaults for the options of its panel types.
const GRAPH: Custom = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, lineStyle: { fill: 'solid' }, fillOpacity: 0,
  gradientMode: 'none', showPoints: 'auto', pointSize: 5, spanNulls: false, barAlignment: 0, insertNulls: false,
  stacking: { mode: 'none', group: 'A' }, scaleDistribution: { type: 'linear' }, axisPlacement: 'auto', axisLabel: '',
  axisWidth: undefined, axisSoftMin: undefined, axisSoftMax: undefined, axisColorMode: 'text', axisBorderShow: false,
  axisCenteredZero: false, axisGridShow: undefined, thresholdsStyle: { mode: 'off' }, fillBelowTo: undefined,
  lineColor: undefined, transform: undefined, hideFrom: NOT_HIDDEN,
};
const TABLE: Custom = {
  align: 'auto', filterable: false, inspect: false, hidden: false, width: undefined, minWidth: undefined,
  wrapText: false, wrapHeaderText: false, cellOptions: { type: 'auto' }, hideFrom: NOT_HIDDEN,
};
const STATES: Custom = { lineWidth: 0, fillOpacity: 70, hideFrom: NOT_HIDDEN };

const PLUGINS = new Map<string, PanelPlugin>([
  plugin('stat', Stat, { color: 'thresholds' }),
  plugin('timeseries', Graph, { custom: GRAPH }),
  plugin('table', Table, { color: 'thresholds', custom: TABLE }),
  plugin('state-timeline', States, { color: 'continuous-GrYlRd', custom: STATES }),
  plugin('text', Note, { skipsQuery: true }),
]);

// The plugin of a panel type. A type that is not here is drawn by a stand-in.
export function pluginOf(id: string): PanelPlugin {
  if (!PLUGINS.has(id)) {
    PLUGINS.set(...plugin(id, Other, {}));
  }
  return PLUGINS.get(id)!;
}

function plugin(
  id: string,
  component: ComponentType<PanelProps<any>>,
  { color, custom = {}, skipsQuery = false }: { color?: string; custom?: Custom; skipsQuery?: boolean }
): [string, PanelPlugin] {
  const made = new PanelPlugin(component).useFieldConfig({
    standardOptions: color ? { [FieldConfigProperty.Color]: { defaultValue: { mode: color } } } : {},
    useCustomConfig: (builder) => {
      for (const [path, defaultValue] of Object.entries(custom)) {
        builder.addCustomEditor({
          id: path, path, name: path, defaultValue, process: identityOverrideProcessor, shouldApply: () => true,
          editor: () => null, override: () => null,
        } as any);
      }
    },
  }).setDataSupport({ annotations: true });
  const nowhere = { module: '', baseUrl: '', sort: 1, info: {} };
  made.meta = { ...nowhere, id, name: id, type: PluginType.panel, skipDataQuery: skipsQuery } as any;
  return [id, made];
}
