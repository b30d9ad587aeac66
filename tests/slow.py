"""The tests that are slow and rarely break: plain `pytest` leaves them out, `pytest -m slow` runs them alone."""

SLOW = (
    "tests/peers/*",
    "tests/recipes/*",
    "tests/accelerate/test_strategies.py::test_mirrored*",
    "tests/accelerate/test_strategies.py::test_workers_train_and_stop_as_one",
    "tests/accelerate/test_strategies.py::test_jax*",
    "tests/search/test_ray_pool.py::*",
    "tests/search/test_search_kills.py::*",
    "tests/search/test_driver.py::test_a_crash_at_any_line_of_the_ledger_changes_nothing*",
    "tests/catalogue/test_architectures.py::test_xla_gives_the_same_outputs*",
    "tests/catalogue/test_architectures.py::test_xla_trains_to_the_same_loss*",
    "tests/pages/test_report_page.py::test_a_browser_shows_it*",
    "tests/test_backends.py::*",
    "tests/training/test_resume.py::test_resumes_to_the_same_bits_after_a_kill_at_any_moment",
    "tests/architectures/test_faster_rcnn.py::test_learns*",
    "tests/tasks/*object_detection*",
    "tests/data/test_larger_than_memory.py::*",
    "tests/data/test_tables.py::test_hugging_face_data_sets",
)
"""patterns of node ids: devices and machines that wait for each other, series of kills, networks compiled whole or on
another backend, short runs of recipes, data beyond memory, and what needs the peers or a browser"""
QUICK = ("tests/recipes/test_train_recipe.py::*", "tests/recipes/test_transfer_learning_recipe.py::*")
"""those of them that are not"""
