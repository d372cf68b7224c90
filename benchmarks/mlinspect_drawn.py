"""The operator graphs of mlinspect's four example pipelines, as the pictures beside them draw them (`NAME.png`).

Copied by hand: kind, line, and what the operator is about, be it columns or a class. `TRAIN_DATA` and
`TRAIN_LABELS` carry the columns of the projections that lead to them. mlinspect's tests count the operators
(`EXPECTED`)."""

EXPECTED = {"adult_simple": 12, "adult_complex": 24, "compas": 39, "healthcare": 37}

DRAWN = {
    "adult_simple": """
        DATA_SOURCE 12
        SELECTION 14
        PROJECTION 16 income-per-year
        PROJECTION_MODIFY 16 income-per-year
        PROJECTION 18 education,workclass
        TRANSFORMER 19 OneHotEncoder
        PROJECTION 18 age,hours-per-week
        TRANSFORMER 20 StandardScaler
        CONCATENATION 18
        TRAIN_DATA 26 education,workclass,age,hours-per-week
        TRAIN_LABELS 26 income-per-year
        ESTIMATOR 26 DecisionTreeClassifier""",
    "adult_complex": """
        DATA_SOURCE 18
        DATA_SOURCE 20
        PROJECTION 22 income-per-year
        PROJECTION_MODIFY 22 income-per-year
        PROJECTION 23 income-per-year
        PROJECTION_MODIFY 23 income-per-year
        PROJECTION 30 education,workclass
        TRANSFORMER 26 SimpleImputer
        TRANSFORMER 27 OneHotEncoder
        PROJECTION 30 age,hours-per-week
        TRANSFORMER 32 StandardScaler
        CONCATENATION 30
        TRAIN_DATA 37 education,workclass,age,hours-per-week
        TRAIN_LABELS 37 income-per-year
        ESTIMATOR 37 DecisionTreeClassifier
        PROJECTION 30 education,workclass
        TRANSFORM 26 SimpleImputer
        TRANSFORM 27 OneHotEncoder
        PROJECTION 30 age,hours-per-week
        TRANSFORM 32 StandardScaler
        CONCATENATION 30
        TEST_DATA 41 education,workclass,age,hours-per-week
        TEST_LABELS 41 income-per-year
        SCORE 41""",
    "compas": """
        DATA_SOURCE 16
        DATA_SOURCE 18
        PROJECTION 20 age,c_charge_degree,score_text,days_b_screening_arrest,is_recid
        PROJECTION 23 age,c_charge_degree,score_text,days_b_screening_arrest,is_recid
        PROJECTION 27 days_b_screening_arrest
        PROJECTION 27 days_b_screening_arrest
        SELECTION 27
        PROJECTION 28 is_recid
        SELECTION 28
        PROJECTION 29 c_charge_degree
        SELECTION 29
        PROJECTION 30 score_text
        SELECTION 30
        PROJECTION_MODIFY 32 age,is_recid,score_text
        PROJECTION_MODIFY 33 age,is_recid,score_text
        PROJECTION 35 score_text
        PROJECTION_MODIFY 35 score_text
        PROJECTION 36 score_text
        PROJECTION_MODIFY 36 score_text
        PROJECTION 43 is_recid
        TRANSFORMER 38 SimpleImputer
        TRANSFORMER 39 OneHotEncoder
        PROJECTION 43 age
        TRANSFORMER 40 SimpleImputer
        TRANSFORMER 41 KBinsDiscretizer
        CONCATENATION 43
        TRAIN_DATA 50 is_recid,age
        TRAIN_LABELS 50 score_text
        ESTIMATOR 50 LogisticRegression
        PROJECTION 43 is_recid
        TRANSFORM 38 SimpleImputer
        TRANSFORM 39 OneHotEncoder
        PROJECTION 43 age
        TRANSFORM 40 SimpleImputer
        TRANSFORM 41 KBinsDiscretizer
        CONCATENATION 43
        TEST_DATA 54 is_recid,age
        TEST_LABELS 54 score_text
        SCORE 54""",
    "healthcare": """
        DATA_SOURCE 21
        DATA_SOURCE 23
        JOIN 26 ssn
        GROUP_BY_AGG 27 age_group,mean_complications
        JOIN 29 age_group
        PROJECTION 30 complications
        PROJECTION 30 mean_complications
        PROJECTION_MODIFY 30 label
        PROJECTION 31 smoker,last_name,county,num_children,race,income,label
        PROJECTION 32 county
        SELECTION 32
        TRAIN_TEST_SPLIT 49 train
        TRAIN_TEST_SPLIT 49 test
        PROJECTION 50 label
        PROJECTION 38 smoker,county,race
        TRANSFORMER 35 SimpleImputer
        TRANSFORMER 36 OneHotEncoder
        PROJECTION 38 last_name
        TRANSFORMER 40 MyW2VTransformer
        PROJECTION 38 num_children,income
        TRANSFORMER 41 StandardScaler
        CONCATENATION 38
        TRAIN_DATA 43 smoker,county,race,last_name,num_children,income
        TRAIN_LABELS 43 label
        ESTIMATOR 43 KerasClassifier
        PROJECTION 51 label
        PROJECTION 38 smoker,county,race
        TRANSFORM 35 SimpleImputer
        TRANSFORM 36 OneHotEncoder
        PROJECTION 38 last_name
        TRANSFORM 40 MyW2VTransformer
        PROJECTION 38 num_children,income
        TRANSFORM 41 StandardScaler
        CONCATENATION 38
        TEST_DATA 51 smoker,county,race,last_name,num_children,income
        TEST_LABELS 51 label
        SCORE 51""",
}
