-- Returns the staging models (list of names, maybe empty) by which the source plugins in use feed an input: each plugin's dbt package
-- `cercle_<plugin>` says so in a macro `feeds()`. The house plugins have no package of their own: their models stand in cercle_inputs.
{% macro get_plugin_feeds(input) -%}
    {%- set feeds = [] -%}
    {%- for plugin in var('cercle_sources').values() | map(attribute='plugin') | unique -%}
        {%- set package = context.get('cercle_' ~ plugin) -%}
        {%- if package and package.feeds -%}
            {%- do feeds.extend(package.feeds().get(input, [])) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(feeds) }}
{%- endmacro %}
