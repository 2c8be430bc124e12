// A classic dashboard JSON as a scene: variables, annotations, links, rows and panels.

import {
  ControlsLabel, dataLayers, DataSourceVariable, EmbeddedScene, QueryVariable,
  SceneDataLayerSet, SceneDataTransformer, SceneGridItem, SceneGridLayout, SceneGridRow, SceneQueryRunner,
  SceneReactObject, SceneRefreshPicker, SceneTimePicker, SceneTimeRange, SceneVariableSet, VariableValueSelectors,
  VizPanel,
} from '@grafana/scenes';
import { Icon, PanelChrome, ToolbarButton } from '@grafana/ui';

type AnnotationsLayer = InstanceType<typeof dataLayers.AnnotationsDataLayer>;
type Json = any; // the classic schema; the tests of the Python side hold the JSON to it

export function sceneOf(dashboard: Json, range: { from: string; to: string }): EmbeddedScene {
  const layers = (dashboard.annotations?.list ?? []).map(layerOf);
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange(range),
    $variables: new SceneVariableSet({ variables: dashboard.templating.list.map(variableOf) }),
    $data: new SceneDataLayerSet({ layers }),
    controls: [
      new SceneRefreshPicker({ refresh: '' }),
      new SceneTimePicker({ isOnCanvas: true }),
      ...(dashboard.links ?? []).map(linkOf),
      new VariableValueSelectors({}),
      ...layers.map(switchOf),
    ],
    body: new SceneGridLayout({ children: gridOf(dashboard.panels) }),
  });
}

function variableOf(variable: Json) {
  const { name, label, description, hide } = variable;
  const value = chosen(name);
  switch (variable.type) {
    case 'datasource':
      return new DataSourceVariable({ name, label, description, hide, pluginId: variable.query });
    case 'query':
      return new QueryVariable({
        name, label, description, hide,
        datasource: variable.datasource, query: variable.query, regex: variable.regex, sort: variable.sort,
        refresh: variable.refresh, isMulti: variable.multi, includeAll: variable.includeAll,
        allValue: variable.allValue, defaultToAll: variable.includeAll,
        ...(value.length ? { value, text: value } : {}),
      });
    default:
      throw new Error(`variable ${name}: no drawing for type ${variable.type}`);
  }
}

// The values in the address of the page, as in Grafana: ?var-target=checkout&var-target=billing.
function chosen(name: string): string[] {
  return new URLSearchParams(location.search).getAll(`var-${name}`);
}

function layerOf(annotation: Json) {
  return new dataLayers.AnnotationsDataLayer({
    name: annotation.name, query: annotation, isEnabled: annotation.enable, isHidden: annotation.hide,
  });
}

export function annotationsOf(scene: EmbeddedScene) {
  return (scene.state.$data as SceneDataLayerSet).state.layers as AnnotationsLayer[];
}

function switchOf(layer: AnnotationsLayer) {
  const label = <ControlsLabel htmlFor="" label={layer.state.name} />;
  return new SceneReactObject({ reactNode: <div>{label}<layer.Component model={layer} /></div> });
}

function linkOf({ title, icon }: Json) {
  const shown = icon === 'external link' ? 'bars' : icon; // a menu of dashboards
  const button = <ToolbarButton icon={shown} variant="canvas" isOpen={false}>{title}</ToolbarButton>;
  return new SceneReactObject({ reactNode: <div className="dashboard-link">{button}</div> });
}

// In the JSON, the panels of an open row follow it; those of a collapsed row are inside it.
function gridOf(panels: Json[]) {
  const top: Array<SceneGridItem | SceneGridRow> = [];
  let open: SceneGridItem[] | undefined;
  for (const panel of panels) {
    if (panel.type !== 'row') {
      (open ?? top).push(itemOf(panel));
      continue;
    }
    const children = panel.panels.map(itemOf);
    open = panel.collapsed ? undefined : children;
    top.push(new SceneGridRow({ title: panel.title, isCollapsed: panel.collapsed, y: panel.gridPos.y, children }));
  }
  return top;
}

function itemOf(panel: Json) {
  const { x, y, w, h } = panel.gridPos;
  return new SceneGridItem({ x, y, width: w, height: h, isResizable: false, isDraggable: false, body: panelOf(panel) });
}

function panelOf(panel: Json) {
  const $data = panel.targets?.length
    ? new SceneDataTransformer({
        $data: new SceneQueryRunner({ datasource: panel.datasource, queries: panel.targets, maxDataPointsFromWidth: true }),
        transformations: panel.transformations ?? [],
      })
    : undefined;
  const titleItems = panel.links?.length ? (
    <PanelChrome.TitleItem><Icon name="external-link-alt" size="md" /></PanelChrome.TitleItem>
  ) : undefined;
  return new VizPanel({
    key: `panel-${panel.id}`, pluginId: panel.type, title: panel.title, description: panel.description,
    displayMode: panel.transparent ? 'transparent' : 'default', titleItems, options: panel.options ?? {}, $data,
    fieldConfig: withLowestStep(panel.fieldConfig ?? { defaults: {}, overrides: [] }),
  });
}

// JSON has no -Infinity: the first step of thresholds is null there. Grafana's application converts it on loading.
function withLowestStep(fieldConfig: Json): Json {
  return JSON.parse(JSON.stringify(fieldConfig), (key, value) =>
    key === 'steps' && Array.isArray(value) ? value.map((step) => ({ ...step, value: step.value ?? -Infinity })) : value
  );
}
