// Gives Grafana's packages what its application would give them: a theme, field options, transformations, plugins.

import { from, of } from 'rxjs';
import { catchError, map } from 'rxjs/operators';
import {
  createTheme, dataLinksOverrideProcessor, displayNameOverrideProcessor, EventBusSrv, identityOverrideProcessor,
  LoadingState, numberOverrideProcessor, standardEditorsRegistry, standardFieldConfigEditorRegistry,
  standardTransformers, standardTransformersRegistry, thresholdsOverrideProcessor, unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { config, setAppEvents, setDataSourceSrv, setPluginImportUtils, setRunRequest } from '@grafana/runtime';
import { pluginOf } from './panels';
import type { Prometheus } from './prometheus';

export const theme = createTheme({ colors: { mode: 'dark' } });

// The options that every panel type has, with Grafana's defaults.
const FIELD_OPTIONS: Array<[id: string, process: (...args: any[]) => any, defaultValue?: unknown]> = [
  ['unit', unitOverrideProcessor],
  ['min', numberOverrideProcessor],
  ['max', numberOverrideProcessor],
  ['decimals', numberOverrideProcessor],
  ['displayName', displayNameOverrideProcessor],
  ['color', identityOverrideProcessor, { mode: 'palette-classic' }],
  ['noValue', identityOverrideProcessor],
  ['links', dataLinksOverrideProcessor, []],
  ['mappings', valueMappingsOverrideProcessor, []],
  ['thresholds', thresholdsOverrideProcessor, { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }] }],
];

export async function setUpGrafana(prometheus: Prometheus): Promise<void> {
  await initPluginTranslations('drawing', []); // Grafana's own words stay English: it does not publish its translations
  Object.assign(config, { theme2: theme, bootData: { user: { timezone: 'browser', weekStart: 'monday' }, settings: {} } });

  standardFieldConfigEditorRegistry.setInit(() =>
    FIELD_OPTIONS.map(([id, process, defaultValue]) => ({
      id, path: id, name: id, process, defaultValue, isCustom: false, shouldApply: () => true,
      editor: () => null, override: () => null, settings: {},
    } as any))
  );
  standardEditorsRegistry.setInit(() => []);
  standardTransformersRegistry.setInit(() =>
    // One of them is there under two names.
    [...new Set<any>(Object.values(standardTransformers))].map((transformer) => ({
      id: transformer.id, name: transformer.name, transformation: async () => transformer,
      editor: () => null, imageDark: '', imageLight: '',
    }))
  );

  setAppEvents(new EventBusSrv() as any);
  setPluginImportUtils({ importPanelPlugin: async (id: string) => pluginOf(id), getPanelPluginFromCache: pluginOf } as any);
  setDataSourceSrv({
    get: async () => prometheus,
    getInstanceSettings: () => prometheus.settings,
    getList: () => [prometheus.settings],
  } as any);
  setRunRequest((source: any, request: any) => {
    const packet = { request, timeRange: request.range, series: [] };
    return from(source.query(request) as Promise<{ data: any[] }>).pipe(
      map(({ data }) => ({ ...packet, state: LoadingState.Done, series: data })),
      catchError((error) => of({ ...packet, state: LoadingState.Error, errors: [{ message: error.message }] }))
    );
  });
}
