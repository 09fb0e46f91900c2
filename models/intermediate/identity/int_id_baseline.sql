{{ config(materialized='table') }}

-- What the proposal was made for and from: publication refuses one that was made for another build or from another state.
with

baseline as (
    select
        (select build_id from ops.current_build) as build_id,
        (select publication_id from ops.published_build) as publication_id,
        {{ cercle.as_of() }} as as_of
)

select * from baseline
