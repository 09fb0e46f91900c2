-- Returns a query: (source_name, region), the default telephone region of each source instance of var cercle_sources.
{% macro source_regions() -%}
    select
        source_name,
        region
    from (
        values
        {%- for name, source in var('cercle_sources').items() %}
        ('{{ name }}', '{{ source.get("region", "") }}'),
        {%- endfor %}
        ('', '')
    ) as listed (source_name, region)
{%- endmacro %}
