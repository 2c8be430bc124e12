import {
  type FieldDisplay, getDisplayValueAlignmentFactors, getFieldDisplayValues, type PanelProps, VizOrientation,
} from '@grafana/data';
import { BigValue, BigValueGraphMode, BigValueTextMode, useTheme2, VizRepeater } from '@grafana/ui';

const OPTIONS = {
  colorMode: 'value', graphMode: 'area', justifyMode: 'auto', orientation: VizOrientation.Auto, textMode: 'auto',
  wideLayout: true, percentChangeColorMode: 'standard', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
};

export function Stat({ data, options, fieldConfig, timeRange, timeZone, replaceVariables, ...place }: PanelProps<any>) {
  const { width, height, renderCounter } = place;
  const theme = useTheme2();
  const shown = { ...OPTIONS, ...options };
  const getValues = () => getFieldDisplayValues({
    data: data.series, fieldConfig, reduceOptions: shown.reduceOptions, replaceVariables, theme, timeZone,
    sparkline: shown.graphMode !== BigValueGraphMode.None,
  });
  return (
    <VizRepeater<FieldDisplay, any>
      getValues={getValues}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, alignmentFactors, width, height, count }) => (
        <BigValue
          value={value.display}
          sparkline={value.sparkline && { ...value.sparkline, timeRange }}
          hasLinks={value.hasLinks}
          textMode={shown.textMode === 'auto' && count === 1 ? BigValueTextMode.Auto : shown.textMode}
          colorMode={shown.colorMode}
          graphMode={shown.graphMode}
          justifyMode={shown.justifyMode}
          percentChangeColorMode={shown.percentChangeColorMode}
          disableWideLayout={!shown.wideLayout}
          {...{ alignmentFactors, width, height, count, theme }}
        />
      )}
      source={data}
      itemSpacing={3}
      autoGrid
      orientation={shown.orientation}
      {...{ width, height, renderCounter }}
    />
  );
}
