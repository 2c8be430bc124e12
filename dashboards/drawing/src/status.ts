// What the page knows about its queries: whether all are answered, which panels show an error, and which have no data.

import { type DataFrame, FieldType, LoadingState, type PanelData } from '@grafana/data';
import { type EmbeddedScene, sceneGraph, SceneGridRow, VizPanel } from '@grafana/scenes';
import { annotationsOf } from './scene';

// `text` is what a person reads in the panel.
export type PanelStatus = { id: number; title: string; type: string; text: string; error: string; isEmpty: boolean };
export type Status = { waitsFor: string[]; errors: string[]; panels: PanelStatus[] };

const ENDED = [LoadingState.Done, LoadingState.Error];

export function statusOf(scene: EmbeddedScene): Status {
  const set = sceneGraph.getVariables(scene);
  const variables = set.state.variables.map((variable) => ({ variable, state: variable.state as any }));
  const layers = annotationsOf(scene).map(({ state }) => state);
  const panels = (sceneGraph.findAllObjects(scene, (object) => object instanceof VizPanel) as VizPanel[]).filter(isShown);
  return {
    waitsFor: [
      ...variables
        .filter(({ variable, state }) => state.loading || set.isVariableLoadingOrWaitingToUpdate(variable))
        .map(({ state }) => `variable ${state.name}`),
      ...layers.filter(({ isEnabled, data }) => isEnabled && !hasEnded(data)).map(({ name }) => `annotation ${name}`),
      ...panels.filter((panel) => !panel.getPlugin() || !isAnswered(panel)).map(({ state }) => `panel ${state.title}`),
    ],
    errors: [
      ...variables.filter(({ state }) => state.error).map(({ state }) => `variable ${state.name}: ${message(state.error)}`),
      ...layers
        .filter(({ data }) => data?.state === LoadingState.Error)
        .map(({ name }) => `annotation ${name}: its query failed`),
    ],
    panels: panels.map(panelStatus),
  };
}

export function expandRows(scene: EmbeddedScene): void {
  const rows = sceneGraph.findAllObjects(scene, (object) => object instanceof SceneGridRow) as SceneGridRow[];
  rows.filter((row) => row.state.isCollapsed).forEach((row) => row.onCollapseToggle());
}

function isShown(panel: VizPanel): boolean {
  const row = panel.parent?.parent;
  return !(row instanceof SceneGridRow && row.state.isCollapsed);
}

function isAnswered(panel: VizPanel): boolean {
  return panel.state.$data === undefined || hasEnded(sceneGraph.getData(panel).state.data);
}

function hasEnded(data?: PanelData): boolean {
  return data !== undefined && ENDED.includes(data.state);
}

function panelStatus(panel: VizPanel): PanelStatus {
  const data = panel.state.$data ? sceneGraph.getData(panel).state.data : undefined;
  const drawn = document.querySelector<HTMLElement>(`[data-viz-panel-key="${panel.state.key}"]`);
  const crash = drawn?.querySelector('[data-testid*="Alert error"]')?.textContent ?? '';
  return {
    id: panel.getLegacyPanelId(),
    title: panel.interpolate(panel.state.title, undefined, 'text'),
    type: panel.state.pluginId,
    text: drawn?.innerText ?? '',
    error: (data?.errors ?? (data?.error ? [data.error] : [])).map(message).join('; ') || crash,
    isEmpty: panel.state.$data !== undefined && !(data?.series ?? []).some(hasValues),
  };
}

function hasValues(frame: DataFrame): boolean {
  return frame.fields.some(({ type, values }) => type === FieldType.number && values.some((value) => value != null));
}

function message(error: any): string {
  return error?.message ?? String(error);
}
