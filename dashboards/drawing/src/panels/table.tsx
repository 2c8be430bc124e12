import { useMemo } from 'react';
import { cacheFieldDisplayNames, type PanelProps } from '@grafana/data';
import { TableNG } from '@grafana/ui/unstable';
import { isWithoutData, Nothing } from './nothing';

export function Table(props: PanelProps<any>) {
  const { data, width, height, options, fieldConfig, timeRange } = props;
  useMemo(() => cacheFieldDisplayNames(data.series), [data.series]); // the headings
  if (isWithoutData(props)) {
    return <Nothing {...props} />;
  }
  return (
    <TableNG
      data={data.series[options.frameIndex ?? 0]}
      noHeader={options.showHeader === false}
      sortBy={options.sortBy}
      cellHeight={options.cellHeight}
      structureRev={data.structureRev}
      noValue={fieldConfig.defaults.noValue}
      {...{ width, height, fieldConfig, timeRange }}
    />
  );
}
