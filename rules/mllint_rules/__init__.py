"""The rules that come with mllint: an explicit list, in the order of their codes."""

from mllint.rule import Rule
from mllint_rules.anti_patterns import dead_experiment_path, multi_language_pipeline, plain_old_data
from mllint_rules.boundaries import correction_cascade, open_predictions, undeclared_consumer, unversioned_model
from mllint_rules.changing_world import fixed_threshold, no_action_limit, unmonitored_model, unvalidated_data
from mllint_rules.configuration import copied_config, redundant_setting, undefined_setting, unused_setting
from mllint_rules.data_dependencies import (
    broken_handoff,
    deprecated_feature,
    duplicate_feature,
    forbidden_feature,
    many_writers,
    missing_column,
    unavailable_feature,
    undeclared_source,
    unstable_source,
    unused_feature,
    unused_source,
)
from mllint_rules.feedback_loops import direct_feedback_loop, hidden_feedback_loop
from mllint_rules.leakage import (
    multi_test_leakage,
    overlap_leakage,
    preprocessing_leakage,
    target_leakage,
    temporal_leakage,
)
from mllint_rules.reproducibility import (
    no_quality_gate,
    unpinned_environment,
    unseeded_randomness,
    untested_feature_code,
    untracked_experiment,
)
from mllint_rules.train_serve import duplicated_extraction, feature_mismatch, refit_at_serving, train_serve_skew

RULES: list[Rule] = [
    undeclared_consumer.RULE,
    correction_cascade.RULE,
    unversioned_model.RULE,
    open_predictions.RULE,
    deprecated_feature.RULE,
    unstable_source.RULE,
    unused_feature.RULE,
    unused_source.RULE,
    duplicate_feature.RULE,
    undeclared_source.RULE,
    unavailable_feature.RULE,
    forbidden_feature.RULE,
    missing_column.RULE,
    broken_handoff.RULE,
    many_writers.RULE,
    direct_feedback_loop.RULE,
    hidden_feedback_loop.RULE,
    dead_experiment_path.RULE,
    multi_language_pipeline.RULE,
    plain_old_data.RULE,
    unused_setting.RULE,
    undefined_setting.RULE,
    redundant_setting.RULE,
    copied_config.RULE,
    fixed_threshold.RULE,
    unmonitored_model.RULE,
    no_action_limit.RULE,
    unvalidated_data.RULE,
    train_serve_skew.RULE,
    feature_mismatch.RULE,
    duplicated_extraction.RULE,
    refit_at_serving.RULE,
    unseeded_randomness.RULE,
    untested_feature_code.RULE,
    unpinned_environment.RULE,
    no_quality_gate.RULE,
    untracked_experiment.RULE,
    preprocessing_leakage.RULE,
    overlap_leakage.RULE,
    target_leakage.RULE,
    temporal_leakage.RULE,
    multi_test_leakage.RULE,
]
