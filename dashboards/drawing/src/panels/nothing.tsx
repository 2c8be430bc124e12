// What panels show without data, as in Grafana: the panel's own text in the middle.

import { FieldType, type PanelProps } from '@grafana/data';

export function isWithoutData({ data }: PanelProps): boolean {
  return !data.series.some(({ length, fields }) => length > 0 && fields.some(({ type }) => type === FieldType.number));
}

export function Nothing({ fieldConfig, width, height }: PanelProps) {
  return (
    <div style={{ width, height, display: 'grid', placeItems: 'center', textAlign: 'center' }}>
      {fieldConfig.defaults.noValue ?? 'No data'}
    </div>
  );
}
