//! What is done to files: renamed, tagged, copied, deleted and brought back, imported, exported. All of it
//! beside the window; here is what is asked for and what becomes of it.

use std::path::PathBuf;

use iced::widget::{Id, operation};

use super::{Action, Export, Library, Message, RENAME, To, files_in_words};
use crate::gui::dialog;
use crate::gui::now::Now;
use crate::gui::work::{beside, held, telling};
use crate::studio::desk::SoundChoice;
use crate::studio::edit;
use crate::studio::library::{self, Imported, LibraryError, State, TagChange, Tags};

impl Library {
    /// What changes files.
    pub(super) fn change(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Rename => {
                let title = self.selected.as_ref().and_then(|p| self.shelf.get(p)).map(library::Entry::title);
                self.renaming = title;
                // What is typed takes the old name's place, unless a key goes into it first.
                Action::Run(operation::focus(Id::new(RENAME)).chain(operation::select_all(Id::new(RENAME))))
            }
            Message::Name(name) => {
                self.renaming = Some(name);
                Action::None
            }
            Message::Named => match self.renaming.take() {
                Some(name) => {
                    let state = now.folders.as_ref().map(|f| f.state.clone());
                    self.with_selected(move |path| {
                        let outcome = library::rename(&path, &name);
                        if let (Ok(to), Some(state)) = (&outcome, state) {
                            edit::follow(&state, &path, to);
                        }
                        Message::Renamed(path, outcome)
                    })
                }
                None => Action::None,
            },
            Message::Renamed(from, Ok(to)) => {
                let change = self.shelf.renamed(&from, &to);
                self.refresh();
                self.choose(to.clone());
                // What was left behind is of the new name, too.
                let behind = if self.left.is_empty() { Action::None } else { self.look_behind(now) };
                Action::All(vec![self.keep_tags(change), behind, Action::Renamed(from, to)])
            }
            Message::TagsTyped(text) => {
                self.tagging = Some(text);
                Action::None
            }
            Message::TagsSet => {
                let (Some(path), Some(typed)) = (self.selected.clone(), self.tagging.clone()) else {
                    return Action::None;
                };
                let Some(change) = self.shelf.tag(&path, typed.split([',', ';']).map(str::to_owned)) else {
                    // What was typed stays, for when it can be.
                    let name = library::name(&path);
                    let is_broken = self.shelf.get(&path).is_some_and(|e| matches!(e.state, State::Broken(_)));
                    let why = if is_broken {
                        "cannot be read, so it gets no tags."
                    } else {
                        "is still being read. Set its tags again in a moment."
                    };
                    return self.say(format!("{name} {why}"), true);
                };
                self.tagging = None;
                self.refresh();
                self.keep_tags(change)
            }
            Message::TagsKept(outcome) => {
                self.unkept.drain(..self.keeping.min(self.unkept.len()));
                self.keeping = 0;
                let next = self.keep_next();
                match outcome {
                    Ok(()) => next,
                    Err(e) => {
                        self.said = Some((e, true));
                        Action::All(vec![next, self.list()])
                    }
                }
            }
            Message::Duplicate => self.with_selected(|path| Message::Duplicated(library::duplicate(&path))),
            Message::Duplicated(Ok(path)) => {
                self.choose(path);
                self.list()
            }
            Message::Keep => {
                let folder = self.folder.clone();
                self.with_selected(move |path| Message::KeptAsTake(library::keep(&folder, &path)))
            }
            Message::KeptAsTake(Ok(path)) => {
                let said = self.say(format!("Kept {}.", library::name(&path)), false);
                // It is among the takes now, and that is where one looks for it.
                self.query.tag = None;
                self.choose(path);
                Action::All(vec![said, self.list()])
            }
            Message::Delete => {
                let folder = self.folder.clone();
                self.with_selected(move |path| Message::Deleted(library::trash(&folder, &path)))
            }
            Message::Bin(message) => self.change_bin(message),
            Message::Deleted(Ok(trashed)) => {
                let next = self.shown.iter().position(|p| *p == trashed.original);
                self.shelf.removed(&trashed.original);
                self.refresh();
                let next = next.and_then(|i| self.shown.get(i.min(self.shown.len().saturating_sub(1)))).cloned();
                self.selected = next;
                let name = library::name(&trashed.original);
                self.trashed.push(trashed);
                self.said = Some((format!("Deleted {name}. Undo brings it back."), false));
                self.look_into_trash()
            }
            Message::Undo => match self.trashed.pop() {
                Some(trashed) => {
                    let folder = self.folder.clone();
                    Action::Work(beside(move || {
                        let outcome = library::put_back(&folder, &trashed);
                        Message::Back(trashed, outcome)
                    }))
                }
                None => Action::None,
            },
            Message::Back(trashed, Err(e)) => {
                // What is still in the trash can be asked for once more, when what was in the way is mended.
                if !matches!(e, LibraryError::Gone { .. }) && !self.trashed.contains(&trashed) {
                    self.trashed.push(trashed);
                }
                self.said = Some((e.to_string(), true));
                self.list()
            }
            Message::Back(trashed, Ok(path)) => {
                self.is_back(&trashed);
                let said = self.say(format!("{} is back.", library::name(&path)), false);
                self.choose(path);
                Action::All(vec![said, self.list()])
            }
            Message::Import => {
                Action::Run(iced::Task::perform(dialog::files("Import MIDI files"), |files| match files {
                    Ok(files) => files.map_or(Message::Nothing, Message::Dropped),
                    Err(missing) => Message::Failed(missing.to_string()),
                }))
            }
            Message::Failed(why) => self.say(why, true),
            Message::Dropped(files) => {
                let folder = self.folder.clone();
                Action::Work(beside(move || Message::Imported(library::import(&folder, &files))))
            }
            Message::Imported(outcome) => self.imported(outcome),
            Message::Export(to) => self.export(to, now),
            Message::Progress(share) => {
                if let Some(export) = &mut self.export {
                    export.share = share;
                }
                Action::None
            }
            Message::Exported(outcome) => {
                self.export = None;
                match outcome {
                    Ok(path) => self.say(format!("Exported {}.", path.display()), false),
                    Err(LibraryError::Stopped) => {
                        self.say("The export was stopped; nothing was written.".to_owned(), false)
                    }
                    Err(e) => self.fail(&e),
                }
            }
            Message::StopExport => {
                self.export = None;
                Action::None
            }
            Message::Renamed(_, Err(e))
            | Message::Duplicated(Err(e))
            | Message::KeptAsTake(Err(e))
            | Message::Deleted(Err(e)) => {
                self.fail(&e);
                self.list()
            }
            _ => Action::None,
        }
    }

    fn keep_tags(&mut self, change: TagChange) -> Action<Message> {
        self.unkept.push(change);
        self.keep_next()
    }

    /// Brings the changes to the tags to the disk, unless some are on their way: these lead here again.
    fn keep_next(&mut self) -> Action<Message> {
        if self.keeping > 0 || self.unkept.is_empty() {
            return Action::None;
        }
        self.keeping = self.unkept.len();
        let (folder, changes) = (self.folder.clone(), self.unkept.clone());
        Action::Work(beside(move || Message::TagsKept(Tags::change(&folder, &changes).map_err(|e| e.to_string()))))
    }

    /// The window goes: what brings the tags to the disk that it does not have yet. Those on their way are brought once more.
    pub fn close(&mut self) -> Option<impl FnOnce() + Send + use<>> {
        let (unkept, folder) = (std::mem::take(&mut self.unkept), self.folder.clone());
        (!unkept.is_empty()).then_some(move || drop(Tags::change(&folder, &unkept)))
    }

    /// The library is another one from now on: what is left of this one's tags is brought to its disk.
    pub(super) fn keep_the_last(&mut self) -> Action<Message> {
        let last = self.unkept.split_off(self.keeping.min(self.unkept.len()));
        self.unkept.clear();
        self.keeping = 0;
        if last.is_empty() {
            return Action::None;
        }
        let folder = self.folder.clone();
        Action::Work(beside(move || Message::TagsKept(Tags::change(&folder, &last).map_err(|e| e.to_string()))))
    }

    fn imported(&mut self, outcome: Vec<Imported>) -> Action<Message> {
        let failed: Vec<String> = outcome.iter().filter_map(|o| o.as_ref().err()).map(ToString::to_string).collect();
        let good: Vec<&PathBuf> = outcome.iter().filter_map(|o| o.as_ref().ok()).collect();
        if let Some(last) = good.last() {
            self.close_bin();
            self.choose((*last).clone());
        }
        self.said = Some(match (good.len(), failed.first()) {
            (n, None) => (format!("Imported {}.", files_in_words(n)), false),
            (0, Some(first)) => (first.clone(), true),
            (n, Some(first)) => {
                (format!("Imported {}; {} not: {first}", files_in_words(n), files_in_words(failed.len())), true)
            }
        });
        self.list()
    }

    fn export(&mut self, to: To, now: &Now) -> Action<Message> {
        let (Some(path), Some(folders)) = (self.selected.clone(), now.folders.clone()) else { return Action::None };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let choice = SoundChoice::of_settings(&now.settings, &folders);
        let (hold, wanted) = held();
        self.export = Some(Export { name: name.clone(), share: 0.0, _held: hold });
        Action::Work(telling(move |tell| {
            let outcome = library::exports(&folders.library).and_then(|folder| match to {
                To::Midi => library::export_midi(&path, &folder.join(format!("{name}.mid"))),
                To::Sound(sound) => {
                    let target = folder.join(format!("{name}.{}", sound.extension()));
                    library::export_file(&path, &choice, &target, sound, &mut |share| {
                        tell(Message::Progress(share));
                        wanted.is_wanted()
                    })
                }
            });
            tell(Message::Exported(outcome));
        }))
    }
}
