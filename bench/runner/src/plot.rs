//! Plots of the costs of the clients.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Result;
use crate::figures::number;

/// Returns an SVG with a bar for each value, from top to bottom.
pub(crate) fn bars(title: &str, values: &[(&str, f64)]) -> Result<String> {
    let mut svg = String::new();
    let longest = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    {
        let area =
            SVGBackend::with_string(&mut svg, (720, 60 + 44 * values.len() as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 16))
            .margin(12)
            .build_cartesian_2d(-0.2 * longest..1.2 * longest, 0.0..values.len() as f64)?;
        let style = ("sans-serif", 15).into_text_style(&area).pos(Pos::new(HPos::Left, VPos::Center));
        for (index, (name, value)) in values.iter().enumerate() {
            let middle = (values.len() - index) as f64 - 0.5;
            let (low, high) = (middle - 0.3, middle + 0.3);
            let color = if index == 0 { RGBColor(31, 119, 180) } else { RGBColor(160, 160, 160) };
            chart.draw_series([Rectangle::new([(0.0, low), (*value, high)], color.filled())])?;
            let texts = [
                ((-0.19 * longest, middle), (*name).to_owned()),
                ((value + 0.01 * longest, middle), number(*value, 0)),
            ];
            chart.draw_series(texts.map(|(at, text)| Text::new(text, at, style.clone())))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// A plot of costs. Both axes are logarithmic.
pub(crate) struct Panel<'a> {
    pub(crate) title: &'a str,
    /// Name of the horizontal axis.
    pub(crate) axis: &'a str,
    pub(crate) lines: Vec<Line<'a>>,
}

/// A line of a [`Panel`].
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Returns an SVG with two panels beside each other.
pub(crate) fn lines(panels: &[Panel<'_>; 2]) -> Result<String> {
    const COLORS: [RGBColor; 3] = [RGBColor(31, 119, 180), RGBColor(214, 96, 20), RGBColor(110, 110, 110)];
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (960, 360)).into_drawing_area();
        area.fill(&WHITE)?;
        for (panel, area) in panels.iter().zip(area.split_evenly((1, 2))) {
            let points = || panel.lines.iter().flat_map(|line| line.points.iter().copied());
            let range = |values: &mut dyn Iterator<Item = f64>| {
                let (low, high) = values
                    .filter(|value| *value > 0.0)
                    .fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
                // Extends the range to powers of ten, so that the axis has labels at its ends.
                10f64.powf(low.log10().floor())..10f64.powf(high.log10().ceil())
            };
            let (x, y) =
                (range(&mut points().map(|point| point.0)), range(&mut points().map(|point| point.1)));
            let mut chart = ChartBuilder::on(&area)
                .caption(panel.title, ("sans-serif", 18))
                .margin(12)
                .x_label_area_size(40)
                .y_label_area_size(64)
                .build_cartesian_2d(x.log_scale(), y.log_scale())?;
            let format = |value: &f64| number(*value, if *value < 1.0 { 2 } else { 0 });
            chart
                .configure_mesh()
                .x_desc(panel.axis)
                .x_labels(8)
                .y_labels(8)
                .x_label_formatter(&format)
                .y_label_formatter(&format)
                .label_style(("sans-serif", 14))
                .light_line_style(WHITE)
                .draw()?;
            for (line, color) in panel.lines.iter().zip(COLORS) {
                let points: Vec<_> = line.points.iter().copied().filter(|point| point.1 > 0.0).collect();
                chart
                    .draw_series([PathElement::new(points.clone(), color.stroke_width(2))])?
                    .label(line.name)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
                chart.draw_series(points.into_iter().map(|point| Circle::new(point, 4, color.filled())))?;
            }
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperMiddle)
                .background_style(WHITE.mix(0.8))
                .border_style(RGBColor(160, 160, 160))
                .label_font(("sans-serif", 14))
                .draw()?;
        }
        area.present()?;
    }
    Ok(svg)
}
