//! Which of the melody's notes the model would rather not have: DeepComposer's maximum input notes to
//! remove.

use std::collections::BTreeSet;

use crate::compose::likelihood::{causal_bases, log_probability};
use crate::compose::melody::Melody;
use crate::compose::model::Model;
use crate::compose::score::{Score, VOICES};

/// Notes that surprise less than this, in nats, are left alone however many might go.
const SURPRISING: f64 = 1.5;

/// The most surprising notes given the other voices of a first draft, `percent` of all notes at most.
/// One note always stays.
pub(super) fn choose<'a>(
    model: &Model,
    melody: &Melody,
    drafts: impl Iterator<Item = &'a Score>,
    percent: u32,
) -> BTreeSet<usize> {
    let voice = melody.voice as usize;
    let given: [bool; VOICES] = std::array::from_fn(|v| v != voice);
    let mut doubts: Vec<(f64, usize)> = Vec::new();
    for (section, score) in melody.sections.iter().zip(drafts) {
        let bases = causal_bases(model, score, given);
        for n in &section.notes {
            let mut base = bases[n.from * model.width..][..model.width].to_vec();
            let step = &score.steps[n.from];
            for v in (0..VOICES).filter(|v| *v != voice) {
                model.tell_attack(&mut base, v, step[v]);
                model.tell(&mut base, v, step[v]);
            }
            let logits = model.ask(&base, voice);
            let class = step[voice].symbol.class();
            if let (Some(logits), Some(class)) = (logits.first(), class) {
                doubts.push((-log_probability(logits, class), n.index));
            }
        }
    }
    let most = (doubts.len() * percent as usize / 100).min(doubts.len().saturating_sub(1));
    doubts.retain(|(surprise, _)| *surprise > SURPRISING);
    doubts.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    doubts.into_iter().take(most).map(|(_, index)| index).collect()
}
