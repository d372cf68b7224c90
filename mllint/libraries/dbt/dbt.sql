{#- Macros that come with dbt, as far as they matter for lineage. See `mllint/linker/sql/packages.py`. -#}

{% macro type_string() %}varchar{% endmacro %}
{% macro type_timestamp() %}timestamp{% endmacro %}
{% macro type_int() %}int{% endmacro %}
{% macro type_bigint() %}bigint{% endmacro %}
{% macro type_float() %}float{% endmacro %}
{% macro type_numeric() %}numeric{% endmacro %}
{% macro type_boolean() %}boolean{% endmacro %}

{% macro current_timestamp() %}current_timestamp{% endmacro %}
{% macro current_timestamp_in_utc() %}current_timestamp{% endmacro %}
{% macro current_timestamp_backcompat() %}current_timestamp{% endmacro %}
{% macro date(year, month, day) %}make_date({{ year }}, {{ month }}, {{ day }}){% endmacro %}
{% macro datediff(first_date, second_date, datepart) -%}
  {%- if adapter.type() == 'bigquery' -%} datetime_diff(cast({{ second_date }} as datetime), cast({{ first_date }} as datetime), {{ datepart }})
  {%- else -%} datediff('{{ datepart }}', {{ first_date }}, {{ second_date }}) {%- endif -%}
{%- endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
  {%- if adapter.type() == 'bigquery' -%} datetime_add(cast({{ from_date_or_timestamp }} as datetime), interval {{ interval }} {{ datepart }})
  {%- else -%} dateadd('{{ datepart }}', {{ interval }}, {{ from_date_or_timestamp }}) {%- endif -%}
{%- endmacro %}
{% macro date_trunc(datepart, date) -%}
  {%- if adapter.type() == 'bigquery' -%} timestamp_trunc(cast({{ date }} as timestamp), {{ datepart }})
  {%- else -%} date_trunc('{{ datepart }}', {{ date }}) {%- endif -%}
{%- endmacro %}
{% macro last_day(date, datepart) %}last_day({{ date }}, '{{ datepart }}'){% endmacro %}

{% macro concat(fields) %}{{ fields | join(' || ') }}{% endmacro %}
{% macro hash(field) %}md5(cast({{ field }} as varchar)){% endmacro %}
{% macro length(expression) %}length({{ expression }}){% endmacro %}
{% macro position(substring_text, string_text) %}position({{ substring_text }} in {{ string_text }}){% endmacro %}
{% macro replace(field, old_chars, new_chars) %}replace({{ field }}, {{ old_chars }}, {{ new_chars }}){% endmacro %}
{% macro right(string_text, length_expression) %}right({{ string_text }}, {{ length_expression }}){% endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) %}split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }}){% endmacro %}
{% macro string_literal(value) %}'{{ value }}'{% endmacro %}
{% macro escape_single_quotes(expression) %}{{ expression | replace("'", "''") }}{% endmacro %}
{% macro cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro safe_cast(field, type) %}try_cast({{ field }} as {{ type }}){% endmacro %}
{% macro cast_bool_to_text(field) %}cast({{ field }} as varchar){% endmacro %}

{% macro any_value(expression) %}any_value({{ expression }}){% endmacro %}
{% macro bool_or(expression) %}bool_or({{ expression }}){% endmacro %}
{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
  listagg({{ measure }}, {{ delimiter_text }}) {%- if order_by_clause %} within group ({{ order_by_clause }}){% endif -%}
{%- endmacro %}
{% macro array_construct(inputs=[], data_type=none) %}array[{{ inputs | join(', ') }}]{% endmacro %}
{% macro array_append(array, new_element) %}array_append({{ array }}, {{ new_element }}){% endmacro %}
{% macro array_concat(array_1, array_2) %}array_concat({{ array_1 }}, {{ array_2 }}){% endmacro %}

{% macro except() %}except{% endmacro %}
{% macro intersect() %}intersect{% endmacro %}
{% macro limit_zero() %}limit 0{% endmacro %}

{% macro date_spine(datepart, start_date, end_date) -%}
  select dateadd('{{ datepart }}', row_number() over (order by 1) - 1, {{ start_date }}) as date_{{ datepart }}
{%- endmacro %}
{% macro get_columns_in_relation(relation) %}{{ return(adapter.get_columns_in_relation(relation)) }}{% endmacro %}
{% macro statement(name=none, fetch_result=false, auto_begin=true) %}{% set query = caller() %}{% endmacro %}
