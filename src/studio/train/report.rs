//! The report of a run: one page of HTML with nothing to fetch, its curves as SVG.

use std::fmt::Write;

use super::{Ended, Finished, Run};
use crate::compose::training::HeldOut;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 280.0;
const MARGIN: f64 = 44.0;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#222;background:#fff}\
table{border-collapse:collapse;margin:.6em 0 1.4em}td,th{text-align:left;padding:.15em 1.2em .15em 0;vertical-align:top}\
th{font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}\
svg text{font:12px system-ui,sans-serif;fill:#555}.grid{stroke:#ddd}.l0{stroke:#999}.l1{stroke:#0b63b5}.l2{stroke:#c2410c}\
polyline{fill:none;stroke-width:2}.k0{color:#777}.k1{color:#0b63b5}.k2{color:#c2410c}";

/// The page.
pub(super) fn page(run: &Run<'_>, finished: &Finished) -> String {
    let mut out = String::new();
    let name = finished.model.file_name().unwrap_or_default().to_string_lossy();
    let name = escaped(&name);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title><style>{STYLE}</style>\n<h1>{name}</h1>\n"
    );
    let ended = match finished.ended {
        Ended::AllSteps => "all steps done",
        Ended::NoBetter => "it did not get better any more",
        Ended::TimeLimit => "the time was over",
        Ended::Asked => "ended because it was good enough",
    };
    let _ = writeln!(
        out,
        "<p>{} steps in {:.1} minutes; {ended}. Use it: <code>composer compose MELODY.mid -o FILE.mid --model {name}</code></p>",
        finished.steps,
        finished.seconds / 60.0,
    );
    figures(&mut out, run, finished);
    curves(&mut out, run);
    settings(&mut out, run);
    data(&mut out, run);
    out.push_str("</html>\n");
    out
}

fn figures(out: &mut String, run: &Run<'_>, finished: &Finished) {
    let (Some(before), Some(after)) = (finished.before, finished.after) else {
        out.push_str("<p>Nothing was held out, so how good it is was not measured.</p>\n");
        return;
    };
    let pieces = match run.material.held_out.len() {
        1 => "a piece that was".to_owned(),
        many => format!("{many} pieces that were"),
    };
    let written = match after.step {
        0 => "Learning made it no better: written are the weights that it began with".to_owned(),
        step => format!("Written are the weights after step {step}"),
    };
    let _ = writeln!(
        out,
        "<h2>Held-out pieces</h2>\n<p>Nats a sixteenth of four voices, lower is better, of {pieces} not learned from. \
         {written}.</p>\n<table><tr><th></th><th>before</th><th>after</th></tr>",
    );
    let now = after.held_out;
    for (what, before, after) in [
        ("in time order, nothing given", before.chronological, now.chronological),
        ("alto, tenor and bass, the soprano given", before.atb_given_s, now.atb_given_s),
    ] {
        let _ =
            writeln!(out, "<tr><td>{what}</td><td class=\"n\">{before:.3}</td><td class=\"n\">{after:.3}</td></tr>");
    }
    out.push_str("</table>\n");
}

fn curves(out: &mut String, run: &Run<'_>) {
    let measured = |of: fn(HeldOut) -> f64| -> Vec<(u32, f64)> {
        run.notes.measured.iter().map(|m| (m.step, of(m.held_out))).collect()
    };
    let lines = [run.notes.losses.clone(), measured(|h| h.chronological), measured(|h| h.atb_given_s)];
    let all = || lines.iter().flatten();
    let last = all().map(|(step, _)| *step).max().unwrap_or(1).max(1);
    let most = all().map(|(_, y)| *y).fold(0.0, f64::max).max(0.1);
    let x = |step: u32| MARGIN + f64::from(step) / f64::from(last) * (WIDTH - MARGIN - 10.0);
    let y = |nats: f64| HEIGHT - 24.0 - nats / most * (HEIGHT - 36.0);
    let _ = write!(
        out,
        "<h2>Curves</h2>\n<p><span class=\"k0\">&#9632;</span> what was asked while learning \
         <span class=\"k1\">&#9632;</span> held out, in time order <span class=\"k2\">&#9632;</span> held out, soprano given</p>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Nats a sixteenth by step\">"
    );
    for i in 0..=4 {
        let nats = most * f64::from(i) / 4.0;
        let step = last * i / 4;
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{MARGIN}\" x2=\"{}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/>\
             <text x=\"4\" y=\"{2:.1}\">{nats:.2}</text><text x=\"{3:.1}\" y=\"{4}\" text-anchor=\"middle\">{step}</text>",
            WIDTH - 10.0,
            y(nats),
            y(nats) + 4.0,
            x(step).min(WIDTH - 24.0),
            HEIGHT - 6.0
        );
    }
    for (i, line) in lines.iter().enumerate() {
        let points: Vec<String> = line.iter().map(|(step, nats)| format!("{:.1},{:.1}", x(*step), y(*nats))).collect();
        let _ = write!(out, "<polyline class=\"l{i}\" points=\"{}\"/>", points.join(" "));
    }
    out.push_str("</svg>\n");
}

fn settings(out: &mut String, run: &Run<'_>) {
    let (plan, course) = (run.plan, run.plan.course);
    let limit = plan.limit.map_or_else(|| "none".to_owned(), |l| format!("{:.1} minutes", l.as_secs_f64() / 60.0));
    let rows = [
        ("began with", run.origin.0.clone()),
        ("numbers in the model", run.trainer.numbers().to_string()),
        ("steps at most", course.steps.to_string()),
        ("learning rate", course.rate.to_string()),
        ("crops a step", course.batch.to_string()),
        ("seed", course.seed.to_string()),
        ("dropped on the way", course.dropout.to_string()),
        ("share of steps in time order", course.in_time.to_string()),
        ("measured every", format!("{} steps", plan.measure_every)),
        ("patience", format!("{} measurements", plan.patience)),
        ("time limit", limit),
    ];
    out.push_str("<h2>Settings</h2>\n<table>\n");
    for (what, value) in rows {
        let _ = writeln!(out, "<tr><td>{what}</td><td>{}</td></tr>", escaped(&value));
    }
    out.push_str("</table>\n");
}

fn data(out: &mut String, run: &Run<'_>) {
    let material = run.material;
    let steps = |pieces: &[crate::compose::training::Piece]| pieces.iter().map(|p| p.score.len()).sum::<usize>();
    let _ = writeln!(
        out,
        "<h2>Data</h2>\n<p>{} pieces learned from ({} sixteenths), {} held out ({} sixteenths).</p>\n<table>",
        material.learn.len(),
        steps(&material.learn),
        material.held_out.len(),
        steps(&material.held_out)
    );
    for (what, pieces) in [("learned", &material.learn), ("held out", &material.held_out)] {
        for piece in pieces {
            let _ = writeln!(
                out,
                "<tr><td>{what}</td><td>{}</td><td class=\"n\">{}</td></tr>",
                escaped(&piece.name),
                piece.score.len()
            );
        }
    }
    for file in &material.left_out {
        let _ = writeln!(
            out,
            "<tr><td>left out</td><td>{}</td><td>{}</td></tr>",
            escaped(&file.name),
            escaped(&file.reason)
        );
    }
    out.push_str("</table>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
