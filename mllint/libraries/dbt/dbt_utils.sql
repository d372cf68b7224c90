{#- Macros of the package dbt_utils, as far as they matter for lineage. See `mllint/linker/sql/packages.py`. -#}

{% macro generate_surrogate_key(field_list) -%}
  md5(
  {%- for field in field_list -%}
    coalesce(cast({{ field }} as varchar), '_dbt_utils_surrogate_key_null_') {%- if not loop.last %} || '-' || {% endif -%}
  {%- endfor -%})
{%- endmacro %}
{% macro surrogate_key(field_list) -%}
  {{ dbt_utils.generate_surrogate_key([field_list] + (varargs | list) if field_list is string else field_list) }}
{%- endmacro %}

{% macro star(from, relation_alias=false, except=[], prefix='', suffix='', quote_identifiers=true, rename={}) -%}
  {%- set columns = adapter.get_columns_in_relation(from) -%}
  {%- set alias = relation_alias ~ '.' if relation_alias else '' -%}
  {%- if is_known(columns) -%}
    {%- set left_out = except | map('lower') | list -%}
    {%- for column in columns if column.name not in left_out -%}
      {%- set quoted = adapter.quote(column.name) -%}
      {{ alias }}{{ quoted }}
      {%- if column.name in rename %} as {{ adapter.quote(rename[column.name]) }}
      {%- elif prefix or suffix %} as {{ adapter.quote(prefix ~ column.name ~ suffix) }}{%- endif -%}
      {%- if not loop.last %}, {% endif -%}
    {%- endfor -%}
  {%- else -%}
    {{ alias }}* {%- if except and is_known(except) %} {{ 'except' if adapter.type() == 'bigquery' else 'exclude' }} ({{ except | join(', ') }}){% endif -%}
  {%- endif -%}
{%- endmacro %}

{% macro get_filtered_columns_in_relation(from, except=[]) -%}
  {%- set columns = adapter.get_columns_in_relation(from) -%}
  {%- if not is_known(columns) -%}{{ return(columns) }}{%- endif -%}
  {{ return(columns | map(attribute='name') | reject('in', except | map('lower') | list) | list) }}
{%- endmacro %}

{% macro union_relations(relations, column_override=none, include=[], exclude=[], source_column_name='_dbt_source_relation', where=none) -%}
  {%- set all = [] -%}
  {%- set by_relation = [] -%}
  {%- set state = namespace(known=true) -%}
  {%- for relation in relations -%}
    {%- set columns = adapter.get_columns_in_relation(relation) -%}
    {%- if is_known(columns) -%}
      {%- set names = columns | map(attribute='name') | list -%}
      {%- do by_relation.append(names) -%}
      {%- for name in names if name not in all and name not in exclude and (name in include or not include) -%}{%- do all.append(name) -%}{%- endfor -%}
    {%- else -%}{%- set state.known = false -%}{%- endif -%}
  {%- endfor -%}
  {%- for relation in relations -%}
    (select
    {%- if state.known -%}
      {%- set own = by_relation[loop.index0] -%}
      {%- if source_column_name %} '{{ relation }}' as {{ source_column_name }}, {%- endif -%}
      {%- for name in all %} {{ name if name in own else 'null' }} as {{ adapter.quote(name) }} {{- ',' if not loop.last -}}{%- endfor -%}
    {%- else %} * {%- if source_column_name %}, '{{ relation }}' as {{ source_column_name }} {%- endif -%}
    {%- endif %} from {{ relation }} {%- if where %} where {{ where }}{% endif %})
    {%- if not loop.last %} union all {% endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro deduplicate(relation, partition_by, order_by=none) -%}
  select * from {{ relation }} qualify row_number() over (partition by {{ partition_by }} {%- if order_by %} order by {{ order_by }}{% endif %}) = 1
{%- endmacro %}

{% macro pivot(column, values, alias=true, agg='sum', cmp='=', prefix='', suffix='', then_value=1, else_value=0, quote_identifiers=true, distinct=false) -%}
  {%- for value in values -%}
    {{ agg }}({{ 'distinct ' if distinct }}case when {{ column }} {{ cmp }} '{{ value }}' then {{ then_value }} else {{ else_value }} end)
    {%- if alias %} as {{ adapter.quote(prefix ~ value ~ suffix) }} {%- endif -%}
    {%- if not loop.last %}, {% endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro unpivot(relation, cast_to='varchar', exclude=[], remove=[], field_name='field_name', value_name='value', quote_identifiers=false) -%}
  {%- set columns = adapter.get_columns_in_relation(relation) -%}
  {%- set left_out = (exclude + remove) | map('lower') | list -%}
  {%- if is_known(columns) -%}
    {%- for column in columns if column.name not in left_out -%}
      select {% for kept in exclude %}{{ kept }}, {% endfor %}'{{ column.name }}' as {{ field_name }}, cast({{ column.name }} as {{ cast_to }}) as {{ value_name }} from {{ relation }}
      {%- if not loop.last %} union all {% endif -%}
    {%- endfor -%}
  {%- else -%}
    select {% for kept in exclude %}{{ kept }}, {% endfor %}{{ unknown_columns }} as {{ field_name }}, {{ unknown_columns }} as {{ value_name }} from {{ relation }}
  {%- endif -%}
{%- endmacro %}

{% macro group_by(n) %}group by {% for i in range(1, n + 1) %}{{ i }}{{ ', ' if not loop.last }}{% endfor %}{% endmacro %}
{% macro safe_divide(numerator, denominator) %}({{ numerator }}) / nullif(({{ denominator }}), 0){% endmacro %}
{% macro safe_add(field_list) %}{% for field in ([field_list] + (varargs | list) if field_list is string else field_list) %}coalesce({{ field }}, 0){{ ' + ' if not loop.last }}{% endfor %}{% endmacro %}
{% macro safe_subtract(field_list) %}{% for field in field_list %}coalesce({{ field }}, 0){{ ' - ' if not loop.last }}{% endfor %}{% endmacro %}
{% macro nullcheck(cols) %}{% for col in cols %}nullif({{ col.name }}, '') as {{ col.name }}{{ ', ' if not loop.last }}{% endfor %}{% endmacro %}
{% macro nullcheck_table(relation) %}select * from {{ relation }}{% endmacro %}
{% macro width_bucket(expr, min_value, max_value, num_buckets) %}width_bucket({{ expr }}, {{ min_value }}, {{ max_value }}, {{ num_buckets }}){% endmacro %}
{% macro haversine_distance(lat1, lon1, lat2, lon2, unit='mi') -%}
  2 * 3961 * asin(sqrt(power(sin(radians(({{ lat2 }} - {{ lat1 }}) / 2)), 2) + cos(radians({{ lat1 }})) * cos(radians({{ lat2 }})) * power(sin(radians(({{ lon2 }} - {{ lon1 }}) / 2)), 2)))
  {{- ' * 1.60934' if unit == 'km' }}
{%- endmacro %}
{% macro get_url_parameter(field, url_parameter) %}split_part(split_part({{ field }}, '{{ url_parameter }}=', 2), '&', 1){% endmacro %}
{% macro get_url_host(field) %}split_part(split_part({{ field }}, '//', 2), '/', 1){% endmacro %}
{% macro get_url_path(field) %}split_part({{ field }}, '/', 4){% endmacro %}
{% macro generate_series(upper_bound) %}select row_number() over (order by 1) as generated_number{% endmacro %}
{% macro slugify(string) %}{{ return(string | lower | trim | replace(' ', '_') | replace('-', '_') if is_known(string) else string) }}{% endmacro %}
{% macro pretty_time(format='%H:%M:%S') %}{% endmacro %}
{% macro log_info(message) %}{% endmacro %}
{% macro _is_relation(obj, macro) %}{% endmacro %}
{% macro _is_ephemeral(obj, macro) %}{% endmacro %}
