//! A plot with a bar for each client.

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
