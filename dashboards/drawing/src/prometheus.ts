// Asks Prometheus as Grafana's data source does, and returns the frames that it would.

import { createDataFrame, type DataFrame, DataSourceApi, FieldType, type Labels } from '@grafana/data';
import { sceneGraph, type SceneObject } from '@grafana/scenes';
import { of } from 'rxjs';

type Sample = [seconds: number, value: string];
type Series = { metric: Labels; value?: Sample; values?: Sample[] };
type Target = { refId: string; expr: string; instant?: boolean; format?: string; legendFormat?: string; step?: string };

const LABEL_VALUES = /^label_values\((?:(.*),)?\s*([a-zA-Z_]\w*)\s*\)$/s;

export class Prometheus extends DataSourceApi {
  readonly settings: any;

  constructor(private readonly scrapeSeconds: number) {
    const settings: any = { id: 1, uid: 'prometheus', type: 'prometheus', name: 'Prometheus', jsonData: {}, meta: {} };
    super(settings);
    this.settings = settings;
    this.interval = `${scrapeSeconds}s`; // scenes draws no more than one point for each scrape
    this.annotations = {
      prepareQuery: (annotation: any) => ({ refId: 'Anno', expr: annotation.expr, step: annotation.step }),
      processEvents: (annotation: any, frames: DataFrame[]) => of(frames.flatMap((frame) => events(annotation, frame))),
    } as any;
  }

  async testDatasource() {
    return { status: 'success', message: '' };
  }

  async query(request: any): Promise<{ data: DataFrame[] }> {
    const frames = await Promise.all(request.targets.map((target: Target) => this.frames(target, request)));
    return { data: frames.flat() };
  }

  // A variable's options, for label_values(SELECTOR, LABEL) and label_values(LABEL).
  async metricFindQuery(query: any, { scopedVars, range }: any) {
    const wanted = LABEL_VALUES.exec((query.query ?? query).trim());
    if (!wanted) {
      throw new Error(`not label_values(…): ${query.query ?? query}`);
    }
    const times: Record<string, string> = { start: seconds(range.from), end: seconds(range.to) };
    const match: Record<string, string> = wanted[1] ? { 'match[]': interpolate(wanted[1], scopedVars) } : {};
    const values: string[] = await get(`label/${wanted[2]}/values`, { ...times, ...match });
    return values.map((text) => ({ text }));
  }

  private async frames(target: Target, request: any): Promise<DataFrame[]> {
    const step = target.step ? parseFloat(target.step) : Math.max(request.intervalMs / 1000, this.scrapeSeconds);
    const range = (request.range.to - request.range.from) / 1000;
    const macros = {
      __interval: `${step}s`,
      __rate_interval: `${Math.max(step + this.scrapeSeconds, 4 * this.scrapeSeconds)}s`,
      __range: `${Math.round(range)}s`,
    };
    const scopedVars = { ...request.scopedVars };
    for (const [name, value] of Object.entries(macros)) {
      scopedVars[name] = { value, text: value };
    }
    const query = interpolate(target.expr, scopedVars);
    const aligned = (moment: any) => String(Math.floor(moment / 1000 / step) * step);
    const [start, end] = [aligned(request.range.from), aligned(request.range.to)];
    const { result } = target.instant
      ? await get('query', { query, time: seconds(request.range.to) })
      : await get('query_range', { query, start, end, step: String(step) });
    return target.format === 'table'
      ? [table(target.refId, result, request.targets.length > 1)]
      : result.map((series: Series) => timeSeries(target, series, step));
  }
}

async function get(path: string, parameters: Record<string, string>): Promise<any> {
  const answer = await (await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
  if (answer.status !== 'success') {
    throw new Error(`${answer.errorType}: ${answer.error}\n${parameters.query ?? parameters['match[]'] ?? ''}`);
  }
  return answer.data;
}

function interpolate(text: string, scopedVars: any): string {
  const object: SceneObject = scopedVars.__sceneObject.value.valueOf();
  return sceneGraph.interpolate(object, text, scopedVars, matcher as any);
}

// The text of a variable inside a matcher: several values become alternatives of a regular expression. A backslash is
// doubled twice, for the expression and for the string around it.
function matcher(value: unknown, variable: { multi?: boolean; includeAll?: boolean }): string {
  const escaped = (one: unknown) => String(one).replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
  if (Array.isArray(value)) {
    return value.length === 1 ? escaped(value[0]) : `(${value.map(escaped).join('|')})`;
  }
  return variable.multi || variable.includeAll ? escaped(value) : String(value);
}

function timeSeries(target: Target, series: Series, step: number): DataFrame {
  const samples = series.values ?? [series.value!];
  return createDataFrame({
    refId: target.refId,
    fields: [
      {
        name: 'Time', type: FieldType.time, values: samples.map(([time]) => time * 1000),
        config: { interval: step * 1000 },
      },
      {
        name: 'Value', type: FieldType.number, values: samples.map(([, value]) => number(value)), labels: series.metric,
        config: { displayNameFromDS: legend(target, series.metric) },
      },
    ],
  });
}

// One row for each series. The columns of values have a letter only if there are several queries.
function table(refId: string, result: Series[], isOneOfSeveral: boolean): DataFrame {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric).sort()))];
  const samples = result.map((series) => series.value ?? series.values!.at(-1)!);
  return createDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: samples.map(([time]) => time * 1000), config: {} },
      ...labels.map((name) => ({
        name, type: FieldType.string, values: result.map(({ metric }) => metric[name] ?? ''), config: {},
      })),
      {
        name: isOneOfSeveral ? `Value #${refId}` : 'Value',
        type: FieldType.number, values: samples.map(([, value]) => number(value)), config: {},
      },
    ],
  });
}

// Undefined leaves the name to Grafana, which builds it from the labels that differ.
function legend(target: Target, metric: Labels): string | undefined {
  if (!target.legendFormat || target.legendFormat === '__auto') {
    return Object.keys(metric).length ? undefined : target.expr;
  }
  return filled(target.legendFormat, metric);
}

function filled(format: string, labels: Labels): string {
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
}

function number(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : parseFloat(text);
}

function seconds(moment: any): string {
  return String(moment / 1000);
}

// One event for each stretch of positive samples without a gap.
function events(annotation: any, { fields: [time, value] }: DataFrame): any[] {
  const gap = parseFloat(annotation.step || '60s') * 1000;
  const title = filled(annotation.titleFormat ?? '', value.labels ?? {});
  const found: any[] = [];
  time.values.filter((_, place) => value.values[place] > 0).forEach((moment) => {
    const last = found.at(-1);
    if (last && last.timeEnd + gap >= moment) {
      last.timeEnd = moment;
    } else {
      found.push({ time: moment, timeEnd: moment, title, annotation });
    }
  });
  return found;
}
