"""Saves of all kinds for the programs that disturb them, and the judgement of what is left.

`faults` lets system calls fail, `powercuts` the power. Both save with crashing-saver, a program of the tests, in
which every element of every tensor of a checkpoint has the same value, so that a mixture shows.
"""

import os
import pathlib
import re
import shutil
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / ".build/debug/crashing-saver"
PATIENCE = 60  # seconds until a process counts as hanging


class Kind:
    """A kind of save: what is there before, which save is disturbed, and which one follows.

    A save is (target, value, shards, HOW), as crashing-saver takes them. `judged` is what has the old value
    or a new one: a checkpoint, or "@" for the newest in the directory. `kept` must have their values always.
    """

    def __init__(self, name, before, save, after, judged=None, old=(1,), new=2, kept=()):
        self.name, self.before, self.save, self.after = name, before, save, after
        self.judged, self.old, self.new, self.kept = judged or save[0], old, new, kept


def over(name, target, shards, how):
    """A save that replaces one of the same form."""
    return Kind(name, [(target, 1, shards, how)], (target, 2, shards, how), (target, 3, shards, how))


def conversion(name, target, form):
    source = target + ".source"
    save = (target, 2, 1, "convert-" + form)
    before = [(source, 1, 1, "many"), (target, 1, 1, "convert-" + form), (source, 2, 1, "many")]
    return Kind(name, before, save, save, kept=[(source, 2)])


def managed(name, how):
    # Two saves: one replaces a checkpoint of its number, both delete older ones.
    return Kind(name, [("", 1, 4, how)], ("", 5, 2, how), ("", 7, 1, how), "@", old=(4, 5), new=6)


KINDS = [
    Kind("new number", [("m", 1, 1, "numbered")], ("m", 2, 1, "numbered"), ("m", 3, 1, "numbered"), "@",
         kept=[("m-1", 1)]),
    Kind("new directories", [], ("a/b/m", 2, 1, "many"), ("a/b/m", 3, 1, "many"), old=("none",)),
    over("over V2", "m", 1, "bundle"),
    over("over V2, 4 data files", "m", 4, "many"),
    over("over V1", "m", 1, "v1"),
    Kind("V1, 2 files", [("m-1", 1, 1, "shardedV1")], ("m-2", 2, 1, "shardedV1"), ("m-3", 3, 1, "shardedV1"),
         "@", kept=[("m-1-?????-of-00002", 1)]),
    over("over a model directory", "m", 3, "model"),
    Kind("state file", [("m-1", 1, 1, "state")], ("m-2", 2, 1, "state"), ("m-3", 3, 1, "state"), "@",
         kept=[("m-1", 1)]),
    Kind("Saver with retention", [("earlier", 1, 1, "state")], ("m", 2, 1, "deleting"),
         ("m", 3, 1, "deleting"), "@"),
    managed("manager", "manager"),
    managed("manager of safetensors", "manager-safetensors"),
    managed("manager of model directories", "manager-model-directory"),
    conversion("conversion to V2", "m", "v2"),
    conversion("conversion to V1", "m", "v1"),
    conversion("conversion to safetensors", "m.safetensors", "safetensors"),
    conversion("conversion to a model directory", "m", "model-directory"),
]

# By three processes at once.
SHARED = over("3 processes over V2", "m", 1, "shared:3")


class Place:
    """Where one worker works, with a judge of its own."""

    def __init__(self, saver, directory):
        self.saver, self.directory = saver, directory
        self.prepared = {}
        self.judge = None

    @property
    def run(self):
        return f"{self.directory}/run"

    def path(self, name):
        return f"{self.run}/{name}" if name else self.run

    def arguments(self, save):
        target, value, shards, how = save
        return [self.path(target), str(value), str(shards), how]

    def command(self, save, fatal_call=2**62):
        return [self.saver, *self.arguments(save), str(fatal_call)]

    def parts(self, save):
        """The same for each of the processes that save together: `shared:3` is short for all of them."""
        target, value, shards, how = save
        if not how.startswith("shared:"):
            return [save]
        count = int(how.split(":")[1])
        return [(target, value, shards, f"shared:{rank}:{count}:{PATIENCE // 2}") for rank in range(count)]

    def ask(self, *question):
        """Asks a process that lives on; a new one after a while, or if it has died."""
        if self.judge is None or self.judge.poll() is not None or self.questions > 400:
            self.end()
            self.questions = 0
            self.judge = subprocess.Popen([self.saver, "judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          text=True, bufsize=1)
        self.questions += 1
        self.judge.stdin.write("\t".join(question) + "\n")
        self.judge.stdin.flush()
        watch = threading.Timer(PATIENCE, self.judge.kill)
        watch.start()
        try:
            for line in self.judge.stdout:
                if line.startswith("> "):
                    return line[2:].strip()
        finally:
            watch.cancel()
        return f"the judge has died of {question}"

    def end(self):
        if self.judge is not None:
            self.judge.stdin.close()
            self.judge.wait()

    def save(self, save):
        """Saves without any fault, and says whether that went well: "saved", or what was wrong."""
        parts = self.parts(save)
        if len(parts) == 1:
            return self.ask("save", *self.arguments(save))
        processes = [subprocess.Popen(self.command(part), stdout=subprocess.PIPE, text=True) for part in parts]
        said = [process.communicate()[0] for process in processes]
        return "saved" if all("saved" in text for text in said) else " | ".join(said)

    def value(self, judged):
        return self.ask("latest", self.run) if judged == "@" else self.ask("value", self.path(judged))

    def start(self, kind):
        """Puts there what is there before the save."""
        shutil.rmtree(self.run, ignore_errors=True)
        if kind.name not in self.prepared:
            os.mkdir(self.run)
            for save in kind.before:
                answer = self.save(save)
                assert answer == "saved", f"{kind.name}: {save}: {answer}"
            image = f"{self.directory}/image-{len(self.prepared)}"
            os.rename(self.run, image)
            self.prepared[kind.name] = image
        shutil.copytree(self.prepared[kind.name], self.run)

    def names(self):
        """All files and directories, without what tells which generation of data files it is."""
        found = []
        for base, directories, files in os.walk(self.run):
            found += [os.path.relpath(os.path.join(base, name), self.run) for name in directories + files]
        return sorted(found)


# Data files get another count, and files of a model another number, when they are replaced.
def normalized(names):
    return sorted(re.sub(r"-of-\d{5}", "-of-N", name) for name in names)


def references(kind, place):
    """The names that are there after the next save, if this one never began, or succeeded."""
    left = []
    for saves in ([kind.after], [kind.save, kind.after]):
        place.start(kind)
        for save in saves:
            answer = place.save(save)
            assert answer == "saved", f"{kind.name}: {answer}"
        left.append(normalized(place.names()))
    return left


def check_left(kind, place, succeeded, output):
    """What is wrong with what the save has left: texts, none if it is the old checkpoint or the new one, whole.

    If the save has succeeded, or has reported a value, it must be that one.
    """
    wrong = []
    value = place.value(kind.judged)
    allowed = [str(kind.new)] if succeeded else [str(old) for old in (*kind.old, kind.new)]
    reported = [int(number) for number in re.findall(r"^saved (\d+)$", output, re.M)]
    if value not in allowed or (reported and int(value) < reported[-1]):
        wrong.append(f"the checkpoint has: {value}; allowed: {', '.join(allowed)}, none before {reported[-1:]}")
    return wrong + check_kept(kind, place)


def check_kept(kind, place):
    values = [(path, place.ask("value", place.path(path)), str(expected)) for path, expected in kind.kept]
    return [f"{path} has: {value}" for path, value, expected in values if value != expected]


def check_next(kind, place, left):
    """What is wrong with the next save: it succeeds, and leaves what is left if nothing ever fails."""
    answer = place.save(kind.after)
    if answer != "saved":
        return [f"the next save fails: {answer}"]
    wrong = check_kept(kind, place)
    value = place.value(kind.judged)
    if value != str(kind.after[1]):
        wrong.append(f"the checkpoint has: {value}")
    names = place.names()
    marked = [name for name in names if "swift-checkpoints" in name]
    if kind.save[3].startswith("manager"):  # which checkpoints it keeps depends on what it has had
        others = place.ask("audit", place.run)
        if others != "none" or marked:
            wrong.append(f"there is left: {others} {marked}")
    elif normalized(names) not in left:
        wrong.append(f"there are: {names}; expected: {left[0]}")
    return [f"after the next save, {text}" for text in wrong]
