"""The command line: what it prints, how it ends, and that every mistake is one line."""

import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import filelock
import pytest
from data.data_on_disk import fill, picture

from keras_dl import saved_model, storage
from keras_dl.cli import main
from keras_dl.errors import shown
from keras_dl.recipes.search import Search
from keras_dl.recipes.train import Train
from keras_dl.tasks import get_task
from keras_dl.training import job

TRAIN = ("train", "mlp", "--network.hidden", "8", "--epochs", "2", "--batch-size", "256")


@pytest.fixture
def keras_dl(capsys, monkeypatch, tmp_path):
    """Runs a command in `tmp_path` and returns its exit status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main(arguments)
        return exit.value.code, *capsys.readouterr()

    return run


def is_one_line(errors):
    return errors.startswith("keras-dl: ") and errors.count("\n") == 1 and "Traceback" not in errors


def python(program, **environment):
    call = [sys.executable, "-c", program]
    return subprocess.run(call, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "keras-dl COMMAND"),
        ("--help", "`keras-dl run` lists them"),
        ("-h", "keras-dl COMMAND"),
        ("run", "esl-nets                  The table of 1989"),
        ("run --help", "transfer-learning         "),
        ("show -h", "usage: keras-dl show NAME [OPTIONS]"),
        ("show --help", "`keras-dl show NAME --help` lists the options of that network"),
        ("--version", "keras-dl 0.1.0"),
        ("list --help", "--max-parameters"),
        ("train --help", "--learning-rate"),
        ("train resnet20 --help", "--network.filters"),
        ("run esl-nets --help", "--protocol"),
        ("show resnet56 --help", "--blocks"),
    ],
)
def test_help(keras_dl, command, words):
    code, output, errors = keras_dl(*command.split())
    assert (code, errors) == (0, "")
    assert words in output


def test_lists_by_pattern_and_size(keras_dl):
    code, output, _ = keras_dl("list", "resnet*", "--max-parameters", "500000")
    assert code == 0
    assert [line.split()[:2] for line in output.splitlines()] == [["resnet20", "274,442"], ["resnet32", "470,218"]]


def test_shows_a_variation_of_a_network(keras_dl):
    code, output, _ = keras_dl("show", "resnet56", "--classes", "100")
    assert code == 0
    assert "867,620 parameters" in output
    for words in ("stage3", "32x32x16", "filters", "width 4 .. 64", "depth 1 .. 18"):
        assert words in output


MISTAKES = [
    ("lisst", "unknown command 'lisst'; did you mean list?"),
    ("help", "unknown command 'help'"),
    ("version", "unknown command 'version'"),
    ("--verbose", "unknown command '--verbose'"),
    ("Train mlp", "unknown command 'Train'; did you mean train"),
    ("trian mlp", "unknown command 'trian'; did you mean train"),
    ("mlp", "unknown command 'mlp'"),
    ("'' mlp", "unknown command ''"),
    ("list nothing*", "no network matches 'nothing*'"),
    ("list [", "no network matches '['"),
    ("list ''", "no network matches ''"),
    ("list mlp resnet20", "unexpected argument 'resnet20'"),
    ("list --task painting", "unknown task 'painting'; "),
    ("list --family nothing", "nothing"),
    ("list --task", "Missing value for argument '--task'"),
    ("list --max-parameters many", "--max-parameters"),
    ("list --min-parameters abc", "--min-parameters"),
    ("list --min-parameters 1.5", "--min-parameters"),
    ("list --min-parameters 1e99", "--min-parameters"),
    ("list --max-parameters -5", "no network matches '*' and these limits"),
    ("list --max-parameters 0", "no network matches '*' and these limits"),
    ("list --min-parameters 9 --max-parameters 8", "no network matches '*' and these limits"),
    ("list --big", "unknown option --big (`keras-dl list --help` lists the options)"),
    ("list --max-parameter 5", "unknown option --max-parameter; did you mean --max-parameters"),
    ("list --familly vgg", "unknown option --familly; did you mean --family?"),
    ("show", "a name is missing: keras-dl show NAME"),
    ("show ''", "unknown model ''"),
    ("show resnet51", "unknown model 'resnet51'; did you mean resnet56"),
    ("show RESNET56", "unknown model 'RESNET56'; did you mean resnet56"),
    ("show resnet56 resnet20", "unexpected argument 'resnet20'"),
    ("show resnet56 --filters -4", "filters must be at least 1, got -4"),
    ("show resnet56 --filters many", "--filters"),
    ("show resnet56 --filter 4", "unknown option --filter; did you mean --filters?"),
    ("show resnet56 --blocks", "Missing value for argument '--blocks'"),
    ("show resnet56 --classes 0", "classes must be at least 2, got 0"),
    ("show resnet56 --classes 1", "classes must be at least 2, got 1; a yes-or-no question has 2 classes"),
    ("show resnet56 --input-shape 0 0 3", "input_shape must be at least 1, got 0"),
    ("show resnet56 --input-shape", "Missing value for argument '--input-shape'"),
    ("show --blocks 3 resnet56", "unknown model '--blocks'"),
    ("run transfer", "unknown recipe 'transfer'; did you mean transfer_learning"),
    ("run ''", "unknown recipe ''"),
    ("run --list", "unknown recipe '__list'"),
    ("run esl-nets mlp", "unexpected argument 'mlp'"),
    ("run esl-nets --protocol 1990", "invalid choice '1990' for argument '--protocol'"),
    ("run esl-nets --protocol", "Missing value for argument '--protocol'"),
    ("run esl-nets --seeds 0", "seeds must be at least 1, got 0"),
    ("run esl-nets --seeds two", "invalid literal for int"),
    ("run esl-nets --seed 1", "unknown option --seed; did you mean --seeds?"),
    ("run esl-nets --data nothing", "there is no folder nothing here and no data set of that name"),
    ("run esl-nets --resume", "--resume takes a run folder, such as keras-dl run esl-nets --resume runs/esl_nets-1"),
    ("run esl-nets --resume nowhere", "nowhere holds no run: it has no config.json"),
    ("train", "a name is missing: keras-dl train NAME"),
    ("train --epochs 3", "a name is missing: keras-dl train NAME"),
    ("train ''", "unknown model ''"),
    ("train resnet21 --data digits", "unknown model 'resnet21'; did you mean resnet"),
    ("train ./resnet20", "no saved model at './resnet20'"),
    ("train nowhere/best", "no saved model at 'nowhere/best'"),
    ("train /", "not complete: it has no manifest.json"),
    ("train mlp resnet20", "unexpected argument 'resnet20'"),
    ("train mlp --epochs 0", "epochs must be at least 1, got 0"),
    ("train mlp --epochs -3", "epochs must be at least 1, got -3"),
    ("train mlp --epochs 1.5", "invalid literal for int"),
    ("train mlp --epochs x", "invalid literal for int"),
    ("train mlp --epochs", "Missing value for argument '--epochs'"),
    ("train mlp --epoch 3", "unknown option --epoch; did you mean --epochs?"),
    ("train mlp --epohcs 3", "unknown option --epohcs; did you mean --epochs?"),
    ("train mlp -e 3", "unknown option -e"),
    ("train mlp --lr 0.1", "unknown option --lr"),
    ("train mlp --batch 8", "unknown option --batch; did you mean"),
    ("train mlp --batch-size 0", "batch_size must be at least 1, got 0"),
    ("train mlp --batch-size big", "invalid literal for int"),
    ("train mlp --learning-rate -0.1", "learning_rate must be above 0 and finite, got -0.1"),
    ("train mlp --learning-rate nan", "learning_rate must be above 0 and finite, got nan"),
    ("train mlp --learning-rate inf", "learning_rate must be above 0 and finite, got inf"),
    ("train mlp --learning-rate fast", "could not convert string to float"),
    ("train mlp --optimizer adm", "invalid choice 'adm' for argument '--optimizer'"),
    ("train mlp --seed -1", "seed must be at least 0"),
    ("train mlp --seed 4294967296", "seed must be at least 0 and below 2**32, got 4294967296"),
    ("train mlp --seed 1180591620717411303424", "seed must be at least 0 and below 2**32"),
    ("train mlp --seed x", "invalid literal for int"),
    ("train mlp --validation 0", "validation must be above 0 and below 1, got 0.0"),
    ("train mlp --validation 2", "validation must be above 0 and below 1, got 2.0"),
    ("train mlp --validation half", "could not convert string to float"),
    ("train mlp --image-size 0", "image_size must be at least 1, got 0"),
    ("train mlp --image-size -8", "image_size must be at least 1, got -8"),
    ("train mlp --image-size big", "--image-size"),
    ("train mlp --data", "Missing value for argument '--data'"),
    ("train mlp --data ''", "the name of the data is missing"),
    ("train mlp --data minst", "no data set of that name; did you mean mnist?"),
    ("train mlp --data photos", "there is no folder photos here and no data set of that name; expected a folder"),
    ("train mlp --data ./photos", "there is no folder ./photos"),
    ("train mlp --data photos/", "there is no folder photos/"),
    ("train mlp --data ~nobody/photos", "there is no folder ~nobody/photos"),
    ("train mlp --data-dir nowhere", "data_dir nowhere is not a folder"),
    ("train mlp --augment turn", "invalid choice 'turn'"),
    ("train mlp --freeze stem", "freeze=stem would keep random weights"),
    ("train mlp --patience 0", "patience must be at least 1, got 0"),
    ("train mlp --network.hidden 0", "hidden must be at least 1, got 0"),
    ("train mlp --network.hiden 4", "unknown option --network.hiden; did you mean --network.hidden"),
    ("train mlp --hidden 4", "unknown option --hidden"),
    ("train mlp --skip_bads", "unknown option --skip"),
    ("train --resume", "--resume takes a run folder, such as keras-dl train --resume runs/train-1"),
    ("train --resume --epochs 3", "--resume takes a run folder"),
    ("train --resume nowhere", "nowhere holds no run: it has no config.json"),
    ("train --resume=nowhere", "nowhere holds no run: it has no config.json"),
    ("train --resume nowhere --epochs 3", "nowhere holds no run: it has no config.json"),
    ("train --resume ''", "--resume takes a run folder"),
    ("train mlp --resume nowhere", "--resume goes on with the network of the run; leave mlp out"),
    ("search", "a name is missing: keras-dl search NAME"),
    ("search resnet21", "unknown model 'resnet21'"),
    ("search mlp --max-trials 0", "max_trials must be at least 1, got 0"),
    ("search mlp --max-trial 3", "unknown option --max-trial; did you mean --max-trials"),
    ("search mlp --workers 0", "workers must be at least 1, got 0"),
    ("search mlp --data nowhere/", "there is no folder nowhere/"),
    ("search --resume nowhere", "nowhere holds no run"),
    ("report nowhere", "nowhere holds no run"),
    ("report a b", "unexpected argument 'b'"),
    ("report --folder a", "unknown option --folder (`keras-dl report --help`"),
    ("list --pattern x", "unknown option --pattern (`keras-dl list --help`"),
    ("train mlp --network x", "unknown option --network; did you mean --network.depth"),
    ("train mlp --resume=run", "--resume goes on with the network of the run; leave mlp out"),
    ("show lenet5_modern --input-shape 99999 99999 3", "have more than 268,435,456 numbers"),
    ("report --big", "unknown option --big"),
    ("report ''", "holds no run"),
    ("export", "a name is missing: keras-dl export FOLDER --format FORMAT"),
    ("export nowhere", "--format"),
    ("export nowhere --format onnx", "no saved model at 'nowhere'"),
    ("export lenet5_mnist --format foo", "invalid choice 'foo' for argument '--format'"),
    ("export lenet5_mnist --format", "Missing value for argument '--format'"),
    ("export lenet5_mnist --format keras --quantize int8", "quantize is int8, for the format litert"),
    ("export lenet5_mnist --format litert --quantize int4", "invalid choice 'int4'"),
    ("export lenet5_mnist --format onnx --data photos", "there is no folder photos here"),
    ("export lenet5_mnist --fromat onnx", "--format"),
]


@pytest.mark.parametrize(("command", "words"), MISTAKES)
def test_mistakes_in_arguments(keras_dl, command, words):
    code, output, errors = keras_dl(*shlex.split(command))
    assert (code, output) == (2, "")
    assert is_one_line(errors) and len(errors) < 600
    assert words in errors


def test_mistakes_in_arguments_are_one_line_in_any_encoding():
    done = python("from keras_dl.cli import main; main(['train', 'mlp', '--bad'])", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr == "keras-dl: unknown option --bad (`keras-dl train mlp --help` lists the options)\n"


def test_arguments_are_understood_without_tensorflow(tmp_path):
    program = f"""
import contextlib, os, sys
from keras_dl.cli import main
os.chdir({str(tmp_path)!r})
for command in ("list", "--help", "train mlp --epochs 0", "run esl-nets --seeds 0", "run transfer-learning --steps 0",
                "search esl_net5 --max-trials 0", "train --validation 2", "run esl-nets --help", "train --resume x"):
    with contextlib.suppress(SystemExit):
        main(command.split())
print([name for name in ("tensorflow", "keras", "tensorflow_datasets", "keras_tuner") if name in sys.modules])
"""
    assert python(program).stdout.splitlines()[-1] == "[]"


def test_an_unknown_backend():
    done = python("from keras_dl.cli import main; main(['show', 'mlp'])", KERAS_BACKEND="foo")
    assert done.returncode == 2
    assert done.stderr == "keras-dl: KERAS_BACKEND must be one of jax, tensorflow, torch, got 'foo'\n"


def test_run_folders_that_cannot_be(keras_dl, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "thesis.txt").write_text("mine")
    for out, words in (
        ("file", "file is a file; the run needs a folder"),
        ("file/inner", "cannot write in file/inner: Not a directory"),
        ("others", "others holds files that are not of a run"),
        ("/proc/run", "cannot write in /proc/run: "),
    ):
        code, output, errors = keras_dl(*TRAIN, "--out", out)
        assert (code, output) == (2, "")
        assert is_one_line(errors) and words in errors
    assert [path.name for path in (tmp_path / "others").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "config.json is damaged: "),
        ("[]", "config.json does not hold the options of a run"),
        ('{"epochs": 3}', "config.json does not hold the options of a run"),
        ('{"recipe": "trian"}', "unknown recipe 'trian'; did you mean train"),
        ('{"recipe": "train", "epoch": 3}', "unknown option of Train 'epoch'; did you mean epochs"),
        ('{"recipe": "train", "epochs": "3"}', "epochs must be int, got '3'"),
    ],
)
def test_resuming_a_damaged_run(keras_dl, tmp_path, text, words):
    (tmp_path / "config.json").write_text(text)
    code, _, errors = keras_dl("train", "--resume", str(tmp_path))
    assert code == 2
    assert is_one_line(errors) and words in errors


def test_trains_resumes_and_refuses_other_options(keras_dl, tmp_path):
    code, output, errors = keras_dl(*TRAIN)
    assert (code, errors) == (0, "")
    accuracy = re.search(r"test accuracy (\S+) % on 359 examples after 2 epochs", output)
    assert accuracy and "runs/train-1" in output

    code, output, _ = keras_dl("train", "--resume", "runs/train-1")
    assert code == 0
    assert accuracy[0] in output

    code, _, errors = keras_dl(*TRAIN, "--seed", "1", "--out", "runs/train-1")
    assert (code, errors) == (
        2,
        "keras-dl: runs/train-1 holds a run with seed=0, not 1; choose another folder\n",
    )
    code, _, errors = keras_dl("run", "esl-nets", "--out", "runs/train-1")
    assert "holds a run with recipe='train', not 'esl_nets'" in errors


def test_a_run_is_prolonged_and_nothing_else_of_it_changes(keras_dl):
    assert keras_dl(*TRAIN, "--out", "run")[0] == 0
    code, output, errors = keras_dl("train", "--resume", "run", "--epochs", "3")
    assert (code, errors) == (0, "")
    assert "after 3 epochs" in output
    for flags, words in (
        (("--seed", "1"), "the run in run has --seed 0, not 1; when it goes on, --epochs may change"),
        (("--network.hidden", "9"), "the run in run has --network.hidden (8,), not (9,); when it goes on"),
        (("--out", "other"), "the run in run has --out run, not other"),
        (("--epoch", "4"), "unknown option --epoch; did you mean --epochs?"),
        (("--epochs", "0"), "epochs must be at least 1, got 0"),
        (("mlp",), "unexpected argument 'mlp'"),
    ):
        code, _, errors = keras_dl("train", "--resume", "run", *flags)
        assert code == 2 and is_one_line(errors) and words in errors
    code, _, errors = keras_dl("run", "esl-nets", "--resume", "run")
    assert (code, errors) == (2, "keras-dl: the run in run goes on by: keras-dl train --resume run\n")


def test_a_run_on_a_folder_goes_on_from_anywhere_and_notices_what_changed(keras_dl, tmp_path, monkeypatch):
    fill(tmp_path / "photos")
    assert keras_dl(*TRAIN, "--data", "photos", "--image-size", "8", "--batch-size", "4", "--out", "run")[0] == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, _, errors = keras_dl("train", "--resume", "../run", "--epochs", "3")
    assert (code, errors) == (0, "")
    picture(99).save(tmp_path / "photos" / "cat" / "00.png")
    code, _, errors = keras_dl("train", "--resume", "../run", "--epochs", "4")
    assert code == 2 and is_one_line(errors)
    assert "photos/cat has 1 new picture, 00.png" in errors
    shutil.rmtree(tmp_path / "photos")
    code, _, errors = keras_dl("train", "--resume", "../run", "--epochs", "4")
    assert (code, is_one_line(errors)) == (2, True)
    assert f"there is no folder {tmp_path}/photos" in errors


@pytest.mark.parametrize(
    ("folder", "classes"),
    [
        ("notes_$5_and_$10{", ("a", "b")),
        ("[old] :smile: pics", ("[red]", "b")),
        ("alb\udcfcm", ("caf\udce9", "two\nlines")),
    ],
)
def test_folders_of_any_name(keras_dl, tmp_path, folder, classes):
    fill(tmp_path / folder, classes)
    (tmp_path / folder / classes[0] / "bad.png").write_bytes(b"x")
    options = ("--skip-bad", "--image-size", "8", "--batch-size", "4", "--out", "run")
    code, output, errors = keras_dl(*TRAIN, "--data", folder, *options)
    assert (code, errors) == (0, "")
    assert shown(f"{classes[0]}/bad.png (not a picture)") in output.replace("\n", "")
    assert (tmp_path / "run" / "curves.png").exists()
    assert tuple(saved_model.read_contract(tmp_path / "run")["class_names"]) == classes


def test_a_run_folder_where_tensorflow_cannot_write(keras_dl):
    code, _, errors = keras_dl(*TRAIN, "--out", "alb\udcfcm")
    assert (code, errors) == (2, "keras-dl: out must be UTF-8, got alb\\udcfcm; TensorFlow writes nowhere else\n")


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["train", "mlp", "--network.classes", "7"], "--network.classes"),
        (["search", "mlp", "--network.classes=3"], "--network.classes"),
        (["train", "resnet20", "--network.input-shape", "16", "16", "1"], "--network.input-shape"),
    ],
)
def test_what_the_data_decide_is_not_ignored(keras_dl, words, flag):
    code, _, errors = keras_dl(*words, "--data", "digits", "--out", "run")
    assert (code, errors) == (2, f"keras-dl: {flag} follows the data; leave it out\n")


@pytest.mark.parametrize(
    ("flags", "rate", "epochs"), [((), 0.01, 200), (("--epochs", "3"), 0.01, 3), (("--learning-rate", "0.1"), 0.1, 200)]
)
def test_a_network_has_defaults_of_its_own_for_what_is_not_said(keras_dl, monkeypatch, flags, rate, epochs):
    begun = []
    monkeypatch.setattr(Train, "run", lambda recipe: begun.append(recipe))
    keras_dl("train", "gcn", *flags)
    assert (begun[0].learning_rate, begun[0].epochs) == (rate, epochs)
    assert Train().learning_rate == 1e-3


def test_a_recipe_whose_network_is_a_name_is_run(keras_dl):
    code, _, errors = keras_dl("run", "one-shot", "--queries", "1000", "--seeds", "1", "--network", "mlp")
    assert code == 2 and errors.startswith("keras-dl: an episode takes 1001 examples of each class")


def test_a_saved_model_is_trained_on_with_its_weights(keras_dl, monkeypatch):
    started = []
    monkeypatch.setattr(Train, "run", lambda recipe: started.append(recipe))
    assert keras_dl("train", "resnet20_cifar10", "--epochs", "1")[0] == 0
    [recipe] = started
    assert recipe.weights == str(saved_model.SHIPPED / "resnet20_cifar10")
    assert (recipe.network.family, recipe.epochs) == ("resnet_cifar", 1)


def test_a_hypermodel_is_searched_by_any_task(keras_dl, monkeypatch):
    found = []
    monkeypatch.setattr(Search, "run", lambda recipe: found.append(recipe.task))
    for words in ((), ("--task", "regression"), ("--task=classification", "--task.class-weights", "balanced")):
        keras_dl("search", "--hypermodel", "mine:Model", "--data", "digits", *words)
    assert found == [
        get_task("classification"),
        get_task("regression"),
        get_task("classification", class_weights="balanced"),
    ]


def test_a_folder_in_use_is_refused(keras_dl, tmp_path):
    (tmp_path / "run").mkdir()
    with filelock.FileLock(tmp_path / "run" / ".run.lock"):
        code, _, errors = keras_dl(*TRAIN, "--out", "run")
    assert code == 2
    assert is_one_line(errors) and "another process is at work in run" in errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["loading", "training"])
def test_an_interrupted_training_says_how_to_go_on(keras_dl, monkeypatch, tmp_path, number, code, moment):
    with monkeypatch.context() as patch:
        where, name = {"loading": (job, "load"), "training": (storage, "append_line")}[moment]
        patch.setattr(where, name, lambda *_, **__: signal.raise_signal(number))
        status, _, errors = keras_dl(*TRAIN, "--out", "my runs/1")
    assert status == code
    assert is_one_line(errors)
    resume = shlex.split(re.search("resume by: keras-dl (.*)", errors)[1])
    assert resume == ["train", "--resume", "my runs/1"]
    status, output, errors = keras_dl(*resume)
    assert (status, errors) == (0, "")
    assert "after 2 epochs" in output
    assert (tmp_path / "my runs" / "1" / "result.json").exists()


def test_sigterm_from_outside(tmp_path):
    arguments = ["train", "mlp", "--epochs", "100000", "--out", str(tmp_path / "run")]
    call = [sys.executable, "-c", f"from keras_dl.cli import main; main({arguments})"]
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.jsonl"
    for _ in range(1200):
        if process.poll() is not None or (metrics.exists() and metrics.stat().st_size):
            break
        time.sleep(0.1)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert is_one_line(errors) and f"resume by: keras-dl train --resume {tmp_path}/run" in errors
    assert list((tmp_path / "run" / "checkpoints").glob("epoch-*"))


def test_a_loss_that_is_not_finite(keras_dl):
    code, _, errors = keras_dl(*TRAIN, "--optimizer", "sgd", "--learning-rate", "1e30")
    assert code == 2
    assert is_one_line(errors)
    assert re.search(r"the loss became (nan|inf) in epoch 1, step \d; try a smaller learning rate than 1e\+30", errors)


def test_a_full_disk(keras_dl, monkeypatch):
    def full(path, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(storage, "append_line", full)
    code, _, errors = keras_dl(*TRAIN, "--out", "run")
    assert code == 1
    assert errors == ("keras-dl: No space left on device: run/metrics.jsonl; what was complete before is kept\n")


INTERRUPTED = """
import os, signal, sys, time
import keras_dl.cli

class Late:
    def find_spec(self, name, path, target=None):
        if name == "keras_dl.catalogue":
            os.kill(os.getpid(), {number})
            time.sleep(5)

sys.meta_path.insert(0, Late())
keras_dl.cli.main(["list"])
"""


@pytest.mark.parametrize(("number", "words"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_before_anything_has_begun(number, words):
    done = python(INTERRUPTED.format(number=int(number)))
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", f"keras-dl: {words}\n")


def test_the_command_is_there_before_it_imports_anything_large():
    large = ("numpy", "tyro", "rich", "keras_dl.config")
    program = f"import sys, keras_dl.cli; print([name for name in {large} if name in sys.modules])"
    assert python(program).stdout == "[]\n"


def test_the_package_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "keras_dl", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "keras-dl 0.1.0\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["list", "show mlp", "run"])
def test_an_output_that_is_full(command):
    program = f"from keras_dl.cli import main; main({command.split()})"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "keras-dl: No space left on device: while writing; what was complete before is kept\n"


def test_an_output_that_is_closed():
    program = "import os; os.close(1); from keras_dl.cli import main; main(['list', 'mlp'])"
    done = python(program)
    assert done.returncode == 1
    assert is_one_line(done.stderr)


def test_without_any_stream():
    program = """if True:
        import os, sys
        for number in range(3):
            os.close(number)
        sys.stdin = sys.stdout = sys.stderr = None
        from keras_dl.cli import main
        main(["list", "mlp"])"""
    assert python(program).returncode == 0


def test_a_reader_that_leaves_early_sees_no_error():
    listing = [sys.executable, "-c", "from keras_dl.cli import main; main(['list', 'mlp'])"]
    process = subprocess.Popen(listing, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1
