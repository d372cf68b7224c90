{#- Macros of the package fivetran_utils, as far as they matter for lineage. See `mllint/linker/sql/packages.py`. -#}

{% macro fill_staging_columns(source_columns, staging_columns) -%}
  {%- set names = source_columns | map(attribute='name') | list if is_known(source_columns) else none -%}
  {%- for column in staging_columns -%}
    {%- if names is none or column.name | lower in names -%} {{ column.name }}
    {%- else -%} cast(null as {{ column.datatype }}) {%- endif %} as {{ column.alias if 'alias' in column else column.name }}
    {{- ', ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{% macro add_pass_through_columns(base_columns, pass_through_var) -%}
  {%- for column in pass_through_var or [] -%}
    {%- do base_columns.append(column if column is mapping else {'name': column, 'datatype': 'varchar'}) -%}
  {%- endfor -%}
{%- endmacro %}
{% macro fill_pass_through_columns(pass_through_variable) -%}
  {%- for field in var(pass_through_variable, []) or [] -%}
    {%- if field is mapping -%}
      {%- set name = field.alias if 'alias' in field else field.name -%}
      , {{ field.transform_sql if 'transform_sql' in field else name }} as {{ name }}
    {%- else -%} , {{ field }} {%- endif -%}
  {%- endfor -%}
{%- endmacro %}
{% macro persist_pass_through_columns(pass_through_variable, identifier=none, transform='', coalesce_with=none) -%}
  {%- for field in var(pass_through_variable, []) or [] -%}
    {%- set name = (field.alias if 'alias' in field else field.name) if field is mapping else field -%}
    , {{ transform }}{{ '(' if transform }}{{ identifier ~ '.' if identifier }}{{ name }}{{ ')' if transform }} as {{ name }}
  {%- endfor -%}
{%- endmacro %}

{% macro source_relation(union_schema_variable='union_schemas', union_database_variable='union_databases') %}, cast('' as varchar) as source_relation{% endmacro %}
{% macro apply_source_relation(package_name) %}, cast('' as varchar) as source_relation{% endmacro %}
{% macro partition_by_source_relation(package_name, has_other_partitions='yes', alias=none) %}{% endmacro %}
{% macro union_connections(connection_dictionary, single_source_name, single_table_name, default_identifier='') -%}
  select * from {{ source(single_source_name, single_table_name) }}
{%- endmacro %}
{% macro union_data(table_identifier, database_variable, schema_variable, default_database, default_schema, default_variable, union_schema_variable='union_schemas', union_database_variable='union_databases') -%}
  select * from {{ var(default_variable) }}
{%- endmacro %}
{% macro enabled_vars(vars) %}{% for name in vars %}{% if var(name, true) == false %}{{ return(false) }}{% endif %}{% endfor %}{{ return(true) }}{% endmacro %}
{% macro enabled_vars_one_true(vars) %}{% for name in vars %}{% if var(name, false) == true %}{{ return(true) }}{% endif %}{% endfor %}{{ return(false) }}{% endmacro %}

{% macro string_agg(field_to_agg, delimiter) %}string_agg({{ field_to_agg }}, {{ delimiter }}){% endmacro %}
{% macro array_agg(field_to_agg) %}array_agg({{ field_to_agg }}){% endmacro %}
{% macro max_bool(boolean_field) %}max({{ boolean_field }}){% endmacro %}
{% macro ceiling(num) %}ceil({{ num }}){% endmacro %}
{% macro first_value(first_value_field, partition_field, order_by_field, order='asc') %}first_value({{ first_value_field }}) over (partition by {{ partition_field }} order by {{ order_by_field }} {{ order }}){% endmacro %}
{% macro percentile(percentile_field, partition_field, percent) %}percentile_cont({{ percent }}) within group (order by {{ percentile_field }}) over (partition by {{ partition_field }}){% endmacro %}
{% macro json_extract(string, string_path) %}json_extract_path_text({{ string }}, '{{ string_path }}'){% endmacro %}
{% macro json_parse(string, string_path) %}json_extract_path_text({{ string }}, {% for part in string_path %}'{{ part }}'{{ ', ' if not loop.last }}{% endfor %}){% endmacro %}
{% macro timestamp_add(datepart, interval, from_timestamp) %}dateadd('{{ datepart }}', {{ interval }}, {{ from_timestamp }}){% endmacro %}
{% macro timestamp_diff(first_date, second_date, datepart) %}datediff('{{ datepart }}', {{ first_date }}, {{ second_date }}){% endmacro %}
{% macro try_cast(field, type) %}try_cast({{ field }} as {{ type }}){% endmacro %}
{% macro extract_url_parameter(field, url_parameter) %}split_part(split_part({{ field }}, '{{ url_parameter }}=', 2), '&', 1){% endmacro %}
{% macro seed_data_helper(seed_name, warehouses) %}{{ return(seed_name) }}{% endmacro %}
