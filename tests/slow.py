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
    "tests/tasks/test_kills_of_tasks.py::*",
    "tests/architectures/test_faster_rcnn.py::test_learns*",
    "tests/tasks/*object_detection*",
    "tests/architectures/test_unet.py::test_learns*",
    "tests/data/test_recordings.py::test_networks_learn*",
    "tests/learning/test_relative_localization.py::test_training_lowers_it*",
    "tests/learning/test_relative_localization.py::test_goes_on_to_the_same_bits",
    "tests/tasks/test_clustering.py::test_digits_come_into_clusters*",
    "tests/tasks/test_domain_adversarial.py::test_it_learns_the_target*",
    "tests/tasks/test_masked_reconstruction.py::test_digits_follow*",
    "tests/tasks/test_translation.py::test_the_transformer_shares*",
    "tests/training/test_batch_statistics.py::test_a_resumed_young_training*",
    "tests/architectures/test_resnet_cifar.py::test_the_giant*",
    "tests/decoding/test_decoding.py::test_jax*",
    "tests/decoding/test_memory.py::test_what_is_written_is_the_same*",
    "tests/decoding/test_memory.py::test_translations_are_the_same*",
    "tests/decoding/test_memory.py::test_jax*",
    "tests/weights/test_language_files.py::test_the_memory*",
    "tests/training/test_updates.py::test_the_same_on_jax",
    "tests/lazy/test_programs.py::*",
    "tests/search/test_trial_devices.py::test_a_mirrored*",
    "tests/data/test_tfds_columns.py::test_what_stays*",
    "tests/data/test_larger_than_memory.py::*",
    "tests/data/test_tables.py::test_hugging_face_data_sets",
)
"""patterns of node ids: devices and machines that wait for each other, series of kills, networks compiled whole or on
another backend, short runs of recipes, trainings up to some score, data beyond memory, and what needs the peers or a
browser"""
QUICK = ("tests/recipes/test_train_recipe.py::*", "tests/recipes/test_transfer_learning_recipe.py::*")
"""those of them that are not"""
